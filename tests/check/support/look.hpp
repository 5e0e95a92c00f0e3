// SPDX-License-Identifier: Apache-2.0
// What a check's query says, asked as `pgtend check` asks it.
#pragma once
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "check/evaluate.hpp"
#include "support/database.hpp"
#include "support/lists.hpp"

namespace pgtend::test {

struct said {
    std::string object, severity, message, fix, needs;
    std::optional<double> value = {};
};

inline std::vector<check::rule const *> queried_rules()
{
    auto out = check::chosen({});
    std::erase_if(out, [](auto const *each) { return each->query.empty(); });
    return out;
}

// With the thresholds of the rule, or these. Throws error when the query fails.
inline std::vector<said> ask(pg::session &s, check::rule const &of,
                             std::vector<double> const &values = {})
{
    std::vector<model::check_threshold> set;
    auto const known = thresholds(of);
    for (std::size_t i = 0; i < values.size(); ++i) {
        set.push_back(
            {.id = std::string{of.id}, .key = std::string{known.at(i).key}, .value = values[i]});
    }
    check::evidence none{s, {}, {}, {}};
    std::vector<said> out;
    for (auto const &one : check::evaluate(s, {&of}, set, none, {})) {
        for (auto const &each : one.findings) {
            out.push_back({each.object,
                           std::string{name(each.severity)},
                           each.message,
                           each.fix,
                           {},
                           each.value});
        }
        for (auto const &each : one.unseen) {
            if (each.starts_with("it failed: ")) {
                throw error{each};
            }
            out.push_back({{}, {}, {}, {}, each});
        }
    }
    return out;
}

inline std::vector<said> ask(pg::session &s, std::string_view id,
                             std::vector<double> const &thresholds = {})
{
    for (auto const *each : queried_rules()) {
        if (each->id == id) {
            return ask(s, *each, thresholds);
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
