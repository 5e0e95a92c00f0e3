// SPDX-License-Identifier: Apache-2.0
#include "check/areas.hpp"
#include "sql/queries.hpp"

namespace pgtend::check {

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
    };
    return all;
}

} // namespace pgtend::check
