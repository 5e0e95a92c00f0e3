// SPDX-License-Identifier: Apache-2.0
// What a command says about itself. The same words are its --help and its part of docs/commands.md.
#pragma once
#include <string>
#include <utility>
#include <vector>

namespace pgtend::tools {

// One option as it was declared.
struct declared_option {
    std::vector<std::string> flags = {}; // "-n", "--count"; empty: a positional
    std::string placeholder = {};        // "FILE"; empty: a flag; of a positional its name
    std::string start = {};              // the default, as it would be typed; empty: none
    std::string text = {};
    std::vector<std::string> allowed = {}; // values, when there are few
    bool several = false;                  // a positional that takes any number
    bool required = false;

    bool positional() const { return flags.empty(); }
    bool takes_value() const { return !positional() && !placeholder.empty(); }
};

struct command_help {
    std::string name, summary;
    std::vector<declared_option> own, global;
    std::vector<std::pair<std::string, std::string>> examples; // arguments, what they do
};

// "pgtend cleanup [OPTION]... TABLE"
std::string usage_of(command_help const &command);
// Aligned and wrapped, no line longer than 80 characters except for a name or an example.
std::string text_of(std::vector<declared_option> const &options);
std::string text_of(command_help const &command);

} // namespace pgtend::tools
