// SPDX-License-Identifier: Apache-2.0
// The table of commands. A new one is one file and one line here.
#pragma once
#include <functional>
#include <span>
#include <string_view>

#include "base/error.hpp"
#include "tools/context.hpp"
#include "tools/options.hpp"

namespace pgtend::tools {

using action = std::function<exit_code(context &)>;

struct command {
    std::string_view name;    // "partition create"
    std::string_view summary; // one line, lower case
    // Only adds options and returns what is to be done; no I/O.
    action (*declare)(options &);
    bool document = true; // prints one, for which docs/schemas/ has a schema; false refuses -o json
};

// In the order in which help shows them. A first word that is the name of a group ("partition") has
// a line in groups().
std::span<command const> commands();

struct group {
    std::string_view name, summary;
};
std::span<group const> groups();

} // namespace pgtend::tools
