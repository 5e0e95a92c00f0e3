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
        {.id = "table.bloat",
         .severity = severity::warning,
         .title = "tables are not much larger than their rows need, as far as can be estimated",
         .why = "it fills memory and disk, and whoever reads all of it reads more",
         .fix = "pg_repack, or VACUUM FULL, which nobody may read or write beside; then let "
                "autovacuum come sooner",
         .query = sql::check_table_bloat,
         .first = {"warning", 50, "%"},
         .second = {"least", 1e9, "bytes"}},
        {.id = "table.reg_types",
         .severity = severity::warning,
         .title = "no column keeps pg_upgrade from working",
         .why = "it refuses the whole server, when one means to upgrade",
         .fix = "ALTER TABLE ... ALTER COLUMN ... TYPE text",
         .query = sql::check_table_reg_types},
        {.id = "table.auth_reference",
         .severity = severity::error,
         .title = "foreign keys to tables of Supabase use their primary keys",
         .why = "an update of Supabase that drops the other key fails, or drops the foreign key",
         .fix = "refer to the primary key, such as auth.users (id)",
         .query = sql::check_table_auth_reference},
    };
    return all;
}

} // namespace pgtend::check
