// SPDX-License-Identifier: Apache-2.0
// Jobs that are looked at on a database of the test's own.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "preflight/look.hpp"
#include "support/database.hpp"
#include "support/lists.hpp"

namespace pgtend::test {

class scene {
  public:
    explicit scene(std::string const &schema) { db.psql(schema); }

    database db;
    model::configuration all;
    bool transaction_pooler = false;

    model::job &add(model::action what, std::string name = "job")
    {
        model::job one;
        one.name = std::move(name);
        one.action = std::move(what);
        all.jobs.push_back(std::move(one));
        return all.jobs.back();
    }

    model::job &expire(std::string const &table, std::string where,
                       std::vector<model::assignment> set)
    {
        return add(model::expire_action{.in = {{{"public", table}, std::move(where), {}}},
                                        .set = std::move(set),
                                        .batches = {}});
    }
    model::job &cleanup(std::string const &table, std::string where)
    {
        return add(model::cleanup_action{.from = {{{"public", table}, std::move(where), {}}},
                                         .batches = {}});
    }

    preflight::report report()
    {
        auto s = db.connect();
        return report(s);
    }
    preflight::report report(pg::session &s)
    {
        s.run("SELECT pg_catalog.set_config('search_path', '', false)"); // as a control session
        return preflight::look(s, all,
                               {.now = system_clock().now(),
                                .transaction_pooler = transaction_pooler,
                                .limit = {.timeout = seconds{10}}});
    }
    // "refused public.t.status" of each finding, "unknown twice: needs" of what could not be seen.
    std::vector<std::string> look()
    {
        auto s = db.connect();
        return lines(report(s));
    }
    static std::vector<std::string> lines(preflight::report const &found)
    {
        std::vector<std::string> out;
        for (auto const &each : found.findings) {
            out.push_back(std::string{name(each.kind)} + " " + each.object);
        }
        for (auto const &each : found.unknowns) {
            out.push_back("unknown " + std::string{name(each.kind)} + ": " + each.needs);
        }
        return out;
    }
};

inline model::assignment set(std::string column, std::string value)
{
    return {.column = std::move(column), .value = std::move(value), .is_sql = false, .at = {}};
}
inline model::assignment set_null(std::string column)
{
    return {.column = std::move(column), .value = std::nullopt, .is_sql = false, .at = {}};
}
inline model::assignment set_sql(std::string column, std::string expression)
{
    return {.column = std::move(column), .value = std::move(expression), .is_sql = true, .at = {}};
}

} // namespace pgtend::test
