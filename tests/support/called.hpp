// SPDX-License-Identifier: Apache-2.0
// A command called within the test's process, on 2026-01-01T00:00:00Z.
#pragma once
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "tools/run.hpp"

namespace pgtend::test {

struct called {
    int code;
    std::string out, err;
};

struct call_options {
    int columns = 0; // of the terminal; 0: stdout is none
    std::map<std::string, std::string> environment = {};
};

inline called call(std::vector<std::string> const &args, call_options const &options = {})
{
    std::ostringstream out, err;
    std::istringstream in;
    fake_clock time{instant{seconds{1'767'225'600}}};
    tools::io outside{.out = out,
                      .err = err,
                      .in = in,
                      .out_is_terminal = options.columns > 0,
                      .columns = options.columns,
                      .environment = [&](std::string const &name) -> std::optional<std::string> {
                          auto const found = options.environment.find(name);
                          return found == options.environment.end() ? std::nullopt
                                                                    : std::optional{found->second};
                      },
                      .time = time,
                      .random = [] { return 0.5; }};
    auto const code = tools::run(args, outside);
    return {code, out.str(), err.str()};
}

} // namespace pgtend::test
