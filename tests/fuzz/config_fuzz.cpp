// SPDX-License-Identifier: Apache-2.0
// Any bytes either load or give a config_error that has a place and repeats no secret.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/error.hpp"
#include "config/load.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const *data, std::size_t size)
{
    using namespace pgtend;
    config::load_options options;
    options.environment = [](std::string const &name) {
        return name == "SET" ? std::optional<std::string>{"s3cr3t-value"} : std::nullopt;
    };
    std::string const yaml{reinterpret_cast<char const *>(data), size};
    bool const written =
        yaml.find("s3cr3t") != std::string::npos; // by the fuzzer, which reads comparisons
    try {
        config::load_text(yaml, "/nonexistent/fuzz.yaml", options);
    } catch (config_error const &e) {
        bool good = !e.diagnostics().empty();
        for (auto const &d : e.diagnostics()) {
            good = good && !d.message.empty() && d.at.line >= 0 &&
                   (d.at.line == 0) == (d.at.column == 0) &&
                   (written || (d.message + d.hint).find("s3cr3t") == std::string::npos);
        }
        if (!good) {
            std::abort();
        }
    }
    return 0;
}
