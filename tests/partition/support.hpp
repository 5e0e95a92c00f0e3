// SPDX-License-Identifier: Apache-2.0
// From policies to what became of them, on a real server.
#pragma once
#include <doctest/doctest.h>
#include <string>
#include <vector>

#include "base/duration.hpp"
#include "catalog/load.hpp"
#include "partition/create.hpp"
#include "support/apply.hpp"
#include "support/database.hpp"

namespace pgtend::test {

inline instant const morning = parse_rfc3339("2026-10-14T09:00:00Z");

inline std::vector<qualified_name> tables_of(std::vector<model::partition_policy> const &policies)
{
    std::vector<qualified_name> out;
    for (auto const &each : policies) {
        out.push_back(each.table);
    }
    return out;
}

inline partition::demand due(pg::session &s, std::vector<model::partition_policy> const &policies,
                             instant now)
{
    return partition::find_due(policies, catalog::load_partitioned_tables(s, tables_of(policies)),
                               now);
}

inline plan::plan plan_partitions(pg::session &s,
                                  std::vector<model::partition_policy> const &policies, instant now)
{
    auto const missing = due(s, policies, now);
    return partition::plan_create(
        missing, catalog::load_creation_facts(s, partition::requests(missing), ""));
}

inline model::partition_policy policy_for(std::string const &table, char const *from = nullptr,
                                          model::step every = model::step::month)
{
    model::partition_policy out;
    out.table = parse_qualified_name(table);
    out.every = every;
    if (from != nullptr) {
        out.from = model::parse_date(from);
    }
    return out;
}

inline std::size_t count_done(std::vector<applied> const &all)
{
    std::size_t out = 0;
    for (auto const &each : all) {
        out += each.problem.empty() && !each.skipped;
    }
    return out;
}

// All rows of a query's only column.
inline std::vector<std::string> column(pg::session &s, std::string_view query)
{
    auto const found = s.run(query);
    std::vector<std::string> out;
    for (std::size_t i = 0; i < found.size(); ++i) {
        out.push_back(found.text(i, std::size_t{0}));
    }
    return out;
}

inline std::string value(pg::session &s, std::string_view query)
{
    auto const all = column(s, query);
    return all.empty() ? "(no row)" : all.front();
}

inline void run_all(pg::session &s, std::vector<std::string> const &statements)
{
    for (auto const &each : statements) {
        s.run(each);
    }
}

inline void create_all(pg::session &s, std::vector<model::partition_policy> const &policies,
                       instant now)
{
    for (auto const &each : apply(plan_partitions(s, policies, now), s)) {
        CAPTURE(each.title);
        CHECK(each.problem == "");
    }
}

} // namespace pgtend::test
