// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/duration.hpp"
#include "check/areas.hpp"
#include "check/evidence.hpp"
#include "sql/queries.hpp"

namespace pgtend::check {
namespace {

std::vector<finding> stale(evidence &with)
{
    std::vector<finding> out;
    for (auto const &each : with.stale_views()) {
        out.push_back({.object = each.name,
                       .message = fmt::format("its data are {} old, max_staleness is {}",
                                              humanize(each.age), humanize(each.limit)),
                       .value = std::chrono::duration<double>(each.age).count(),
                       .fix = "pgtend job show " + each.job});
    }
    return out;
}

} // namespace

std::span<rule const> matview_rules()
{
    static rule const all[] = {
        {.id = "matview.populated",
         .severity = severity::error,
         .title = "every materialized view is filled",
         .why = "queries that read one that was never filled fail",
         .fix = "REFRESH MATERIALIZED VIEW, once",
         .query = sql::check_matview_populated},
        {.id = "matview.unique",
         .severity = severity::info,
         .title = "every materialized view can be refreshed beside its readers",
         .why = "a refresh that is not CONCURRENTLY locks readers out until it ends",
         .fix = "a unique index on plain columns; the key unique_index under matviews:",
         .query = sql::check_matview_unique},
        {.id = "matview.stale",
         .severity = severity::warning,
         .title = "no declared materialized view is older than it may be",
         .why = "those who read it take old numbers for new ones",
         .fix = "pgtend job show, of the job that refreshes it",
         .look = stale},
    };
    return all;
}

} // namespace pgtend::check
