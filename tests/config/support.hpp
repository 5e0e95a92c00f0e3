// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <doctest/doctest.h>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "config/load.hpp"

namespace pgtend::test {

using variables = std::map<std::string, std::string>;

inline config::load_options with(variables values = {}, bool insecure_permissions = false)
{
    config::load_options out;
    out.environment =
        [values = std::move(values)](std::string const &name) -> std::optional<std::string> {
        auto const found = values.find(name);
        return found == values.end() ? std::nullopt : std::optional{found->second};
    };
    out.insecure_permissions = insecure_permissions;
    return out;
}

inline model::configuration load(std::string const &yaml, variables values = {})
{
    return config::load_text(yaml, "test.yaml", with(std::move(values)));
}

// What is wrong with it, "line:column: message" each; empty when nothing is.
inline std::vector<std::string> problems(std::string const &yaml, variables values = {})
{
    try {
        load(yaml, std::move(values));
    } catch (config_error const &e) {
        std::vector<std::string> out;
        for (auto const &d : e.diagnostics()) {
            out.push_back(std::to_string(d.at.line) + ":" + std::to_string(d.at.column) + ": " +
                          d.message);
        }
        return out;
    }
    return {};
}

// The hint of the first problem.
inline std::string hint(std::string const &yaml, variables values = {})
{
    try {
        load(yaml, std::move(values));
    } catch (config_error const &e) {
        return e.diagnostics().front().hint;
    }
    return "(no problem)";
}

// A file with one job, whose keys these are beside name, schedule and an action; they begin in line
// 6, column 5.
inline std::string job_with(std::string const &keys)
{
    return "version: 1\njobs:\n  - name: a\n    schedule: \"0 2 * * *\"\n    vacuum: {}\n    " +
           keys + "\n";
}

// The same with this action; it begins in line 5, column 5.
inline std::string job_that(std::string const &action)
{
    return "version: 1\njobs:\n  - name: a\n    schedule: \"0 2 * * *\"\n    " + action + "\n";
}

using lines = std::vector<std::string>;

} // namespace pgtend::test

// What a failed check prints.
template <> struct doctest::StringMaker<pgtend::test::lines> {
    static String convert(pgtend::test::lines const &all)
    {
        std::string out;
        for (auto const &line : all) {
            out += "\n    " + line;
        }
        return out.c_str();
    }
};
