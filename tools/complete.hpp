// SPDX-License-Identifier: Apache-2.0
// What may stand at a place of the command line: the shells' completion scripts ask for it.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "tools/io.hpp"

namespace pgtend::tools {

// Not in the table of commands: pgtend __complete WORD... CURRENT
inline constexpr std::string_view complete_word = "__complete";

// Candidates for the last of the words (without the program's name), each once, as
// "candidate TAB what it is"; ":files" asks the shell for names of files. Of --option=value only
// the value. The names of jobs and targets come from the file that the words name, else from
// PGTEND_CONFIG, else ./pgtend.yaml; no database is asked. Whatever is wrong gives no candidates:
// throws nothing but for lack of memory.
std::vector<std::string> complete(std::vector<std::string> const &words, io const &outside);

} // namespace pgtend::tools
