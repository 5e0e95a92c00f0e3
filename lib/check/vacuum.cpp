// SPDX-License-Identifier: Apache-2.0
#include "check/areas.hpp"
#include "sql/queries.hpp"

namespace pgtend::check {

std::span<rule const> vacuum_rules()
{
    static rule const all[] = {
        {.id = "vacuum.wraparound",
         .severity = severity::warning,
         .title = "transaction ids are far from their end",
         .why = "at 2^31 the server takes no more writes until it was vacuumed",
         .fix = "vacuum the oldest tables; look what holds back autovacuum (vacuum.horizon)",
         .query = sql::check_vacuum_wraparound,
         .first = {"warning", 50, "%"},
         .second = {"error", 75, "%"}},
        {.id = "vacuum.overdue",
         .severity = severity::warning,
         .title = "no table waits for being frozen",
         .why = "autovacuum should have begun, and ids run out when it goes on like this",
         .fix = "VACUUM (FREEZE); more autovacuum workers, a higher autovacuum_vacuum_cost_limit",
         .query = sql::check_vacuum_overdue,
         .first = {"warning", 110, "%"},
         .second = {"error", 125, "%"}},
        {.id = "vacuum.disabled",
         .severity = severity::warning,
         .title = "autovacuum works on every table",
         .why = "dead rows fill the table, and the planner has no statistics",
         .fix = "remove the option or the setting",
         .query = sql::check_vacuum_disabled},
        {.id = "vacuum.dead_rows",
         .severity = severity::warning,
         .title = "autovacuum keeps up with dead rows",
         .why = "tables and indexes grow, and every scan reads the dead",
         .fix = "VACUUM; lower cost delays, or look what holds back vacuum (vacuum.horizon)",
         .query = sql::check_vacuum_dead_rows,
         .first = {"warning", 2, "times"},
         .second = {"least", 1000, "rows"}},
        {.id = "vacuum.never_analyzed",
         .severity = severity::warning,
         .title = "the planner has statistics of every table",
         .why = "it guesses, and may choose a plan that is slower a thousandfold",
         .fix = "ANALYZE; a job of kind analyze for partitioned tables",
         .query = sql::check_vacuum_never_analyzed,
         .first = {"least", 1000, "rows"},
         .second = {"warning", 2, "times"}},
        {.id = "vacuum.horizon",
         .severity = severity::warning,
         .title = "nobody holds back vacuum",
         .why =
             "rows that were deleted since cannot be removed, in any table, and none can be frozen",
         .fix = "end the session, drop the slot, finish the prepared transaction",
         .query = sql::check_vacuum_horizon,
         .first = {"warning", 1e7, "transactions"},
         .second = {"error", 1e8, "transactions"}},
        {.id = "vacuum.workers",
         .severity = severity::warning,
         .title = "an autovacuum worker is free",
         .why = "other tables and databases wait for vacuum",
         .fix = "a higher autovacuum_max_workers together with a higher "
                "autovacuum_vacuum_cost_limit, which they share",
         .query = sql::check_vacuum_workers,
         .first = {"warning", 600, "s"}},
        {.id = "vacuum.scale_factor",
         .severity = severity::info,
         .title = "large tables have a scale factor of their own",
         .why = "vacuum comes late, and then takes long",
         .fix = "pgtend autovacuum, or ALTER TABLE ... SET (autovacuum_vacuum_scale_factor = 0.01)",
         .query = sql::check_vacuum_scale_factor,
         .first = {"least", 1e7, "rows"}},
    };
    return all;
}

} // namespace pgtend::check
