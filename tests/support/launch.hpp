// SPDX-License-Identifier: Apache-2.0
// The words and the environment of a program that a test starts.
#pragma once
#include <string>
#include <vector>

#include "support/process.hpp"

namespace pgtend::test {

// $PGTEND_BINARY with these arguments. Throws error when the variable is not set.
std::vector<std::string> pgtend_words(std::vector<std::string> const &args);

class launch {
  public:
    launch(std::vector<std::string> const &words, environment_changes const &changes);
    void execute(); // execvpe(); returns only when that fails

  private:
    std::vector<std::string> words_, environment_;
    std::vector<char *> argv_, envp_;
};

} // namespace pgtend::test
