// SPDX-License-Identifier: Apache-2.0
// What a check's query says, asked as `pgtend check` asks it.
#pragma once
#include <algorithm>
#include <fmt/format.h>
#include <string>
#include <vector>

#include "check/areas.hpp"
#include "support/database.hpp"
#include "support/lists.hpp"

namespace pgtend::test {

struct said {
    std::string object, severity, message, fix, needs;
};

inline std::vector<check::rule> queried_rules()
{
    std::vector<check::rule> out;
    for (auto const rules : {check::config_rules(), check::connection_rules(),
                             check::vacuum_rules(), check::security_rules(), check::backup_rules(),
                             check::capacity_rules(), check::performance_rules()}) {
        std::copy_if(rules.begin(), rules.end(), std::back_inserter(out),
                     [](auto const &each) { return !each.query.empty(); });
    }
    return out;
}

inline bool is_for(check::rule const &of, pg::session const &s)
{
    auto const major = s.server_version() / 10'000;
    return (of.since == 0 || major >= of.since) && (of.until == 0 || major <= of.until);
}

// With the thresholds of the rule, or these.
inline std::vector<said> ask(pg::session &s, check::rule const &of,
                             std::vector<double> thresholds = {})
{
    static constexpr char const *severities[] = {"info", "warning", "error"};
    if (thresholds.empty()) {
        for (auto const &each : {of.first, of.second}) {
            if (!each.key.empty()) {
                thresholds.push_back(each.value);
            }
        }
    }
    std::vector<param> parameters;
    for (auto const each : thresholds) {
        parameters.emplace_back(fmt::format("{}", each));
    }
    s.begin(pg::isolation::repeatable_read, true);
    s.run("SET LOCAL search_path = ''");
    rows found;
    try {
        found = s.run(of.query, parameters);
    } catch (...) {
        s.rollback();
        throw;
    }
    s.rollback();
    std::vector<said> out;
    for (std::size_t i = 0; i < found.size(); ++i) {
        auto severity = found.text(i, "severity");
        if (severity.empty()) {
            severity = severities[static_cast<int>(of.severity)];
        }
        out.push_back({found.text(i, "object"), severity, found.text(i, "message"),
                       found.text(i, "fix"), found.text(i, "needs")});
    }
    return out;
}

inline std::vector<said> ask(pg::session &s, std::string_view id,
                             std::vector<double> const &thresholds = {})
{
    for (auto const &each : queried_rules()) {
        if (each.id == id && is_for(each, s)) {
            return ask(s, each, thresholds);
        }
    }
    throw error{"no check " + std::string{id}};
}

// "warning app.orders" for each finding, "needs pg_read_all_stats" for what cannot be seen.
inline std::vector<std::string> look(pg::session &s, std::string_view id,
                                     std::vector<double> const &thresholds = {})
{
    std::vector<std::string> out;
    for (auto const &each : ask(s, id, thresholds)) {
        out.push_back(each.needs.empty() ? each.severity + " " + each.object
                                         : "needs " + each.needs);
    }
    return out;
}

// The one finding about this object. Throws error when there is none.
inline said about(pg::session &s, std::string_view id, std::string_view object,
                  std::vector<double> const &thresholds = {})
{
    for (auto const &each : ask(s, id, thresholds)) {
        if (each.object == object) {
            return each;
        }
    }
    throw error{std::string{id} + " says nothing about " + std::string{object}};
}

using list = std::vector<std::string>;

} // namespace pgtend::test
