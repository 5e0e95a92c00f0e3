// SPDX-License-Identifier: Apache-2.0
#include "check/areas.hpp"
#include "sql/queries.hpp"

namespace pgtend::check {

std::span<rule const> table_rules()
{
    static rule const all[] = {
        {.id = "table.primary_key",
         .severity = severity::warning,
         .title = "every table has a primary key",
         .why = "rows cannot be told apart: logical replication refuses UPDATE and DELETE, and "
                "duplicates stay",
         .fix = "ALTER TABLE ... ADD PRIMARY KEY, over an index that was built concurrently",
         .query = sql::check_table_primary_key},
        {.id = "table.not_validated",
         .severity = severity::warning,
         .title = "every constraint holds for all rows",
         .why = "rows from before may break it, and the planner may not count on it",
         .fix = "ALTER TABLE ... VALIDATE CONSTRAINT",
         .query = sql::check_table_not_validated},
    };
    return all;
}

} // namespace pgtend::check
