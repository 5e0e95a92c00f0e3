// SPDX-License-Identifier: Apache-2.0
// Arguments -> one command's action. Pure: no I/O.
#pragma once
#include <string>
#include <vector>

#include "tools/commands.hpp"
#include "tools/help.hpp"

namespace pgtend::tools {

// What a command line asks for.
struct invocation {
    // Set: print this and exit 0 (help or version asked for).
    std::optional<std::string> text = {};
    std::string command; // "partition create"
    action run;
    global_options global;
};

// Throws usage_error. args: without the program's name.
invocation parse(std::vector<std::string> const &args);
// The arguments of one known command, its own words taken out. In options.cpp, where CLI11 is.
invocation parse_command(command const &chosen, std::vector<std::string> arguments);
// What a command says of itself; nullptr: only the options of every command. Pure.
command_help help_of(command const *of);
// Positions of the words of a command line that are neither options nor the values of those that
// every command has, up to `count`.
std::vector<std::size_t> command_words(std::vector<std::string> const &args, std::size_t count);

// The overview of all commands, the commands of a group, the version with the libraries' versions.
std::string overview();
std::string overview(group const &of);
std::string version();

} // namespace pgtend::tools
