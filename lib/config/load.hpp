// SPDX-License-Identifier: Apache-2.0
// YAML file -> model. docs/configuration.md is the manual. Nothing is executed, nothing connects.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "model/configuration.hpp"

namespace pgtend::config {

struct load_options {
    // The value of an environment variable, for ${VAR} in the values of a target. Without it no
    // variable is set.
    std::function<std::optional<std::string>(std::string const &)> environment;
    // Accept files that group or others may write, as long as they hold no password.
    bool insecure_permissions = false;
};

// Reads the file and those that it includes, at most 1,000,000 bytes each. Throws config_error:
// with one diagnostic when the syntax of `path` is wrong or it cannot be read, else with those of
// all files, in the order of the files and of the places in them, at most 1,000. A file that is
// missing or malformed is one diagnostic of that list when it was included. No message repeats a
// connection string or the value of a variable.
model::configuration load_file(std::string const &path, load_options const &options);
// The same of a text, whose permissions are nobody's concern; `include:`, `passfile:` and `file:`
// are relative to the folder of `path`, which the positions name.
model::configuration load_text(std::string_view yaml, std::string const &path,
                               load_options const &options);

} // namespace pgtend::config
