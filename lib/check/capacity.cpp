// SPDX-License-Identifier: Apache-2.0
#include "check/areas.hpp"
#include "sql/queries.hpp"

namespace pgtend::check {

std::span<rule const> capacity_rules()
{
    static rule const all[] = {
        {.id = "capacity.sequence",
         .severity = severity::warning,
         .title = "sequences are far from their end",
         .why = "at the end every insert fails",
         .fix = "a larger type, for the column too",
         .query = sql::check_capacity_sequence,
         .first = {"warning", 75, "%"},
         .second = {"error", 90, "%"}},
        {.id = "capacity.int4_key",
         .severity = severity::warning,
         .title = "no key outgrows its column",
         .why = "at the end every insert fails, and making the column larger rewrites the table",
         .fix = "a bigint column beside it, filled in batches, then swapped; ALTER COLUMN ... TYPE "
                "bigint while the table is small",
         .query = sql::check_capacity_int4_key,
         .first = {"warning", 50, "%"},
         .second = {"error", 75, "%"}},
        {.id = "capacity.temp_files",
         .severity = severity::info,
         .title = "few queries spill to disk",
         .why = "sorts and hashes that do not fit work_mem are slow and wear the disk",
         .fix = "log_temp_files shows which; work_mem for their role",
         .query = sql::check_capacity_temp_files,
         .first = {"least", 1, "GB a day"}},
        {.id = "capacity.big_table",
         .severity = severity::info,
         .title = "very large tables are partitioned by time",
         .why = "old rows can only be deleted one by one, and vacuum takes hours",
         .fix = "partition it by range while it is small enough to move",
         .query = sql::check_capacity_big_table,
         .first = {"least", 100, "GB"}},
    };
    return all;
}

} // namespace pgtend::check
