// SPDX-License-Identifier: Apache-2.0
// YAML file -> model. All semantic errors of all files at once; nothing is executed, nothing
// connects.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "model/configuration.hpp"

namespace pgtend::config {

struct load_options {
    // The value of an environment variable, for ${VAR}.
    std::function<std::optional<std::string>(std::string const &)> environment;
    // Accept a file that others may read or write, as long as it holds no password.
    bool insecure_permissions = false;
};

// Throws config_error with every diagnostic; error when the file cannot be read.
model::configuration load_file(std::string const &path, load_options const &options);
// The same of text; `include:` is relative to `path`'s folder.
model::configuration load_text(std::string_view yaml, std::string const &path,
                               load_options const &options);

} // namespace pgtend::config
