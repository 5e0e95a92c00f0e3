// SPDX-License-Identifier: Apache-2.0
#include "check/areas.hpp"
#include "sql/queries.hpp"

namespace pgtend::check {

std::span<rule const> performance_rules()
{
    static rule const all[] = {
        {.id = "performance.cache",
         .severity = severity::warning,
         .title = "blocks are found in memory",
         .why = "each that is not waits for the disk",
         .fix = "shared_buffers, or indexes for what reads whole tables",
         .query = sql::check_performance_cache,
         .first = {"warning", 99, "%"},
         .second = {"least", 1e6, "blocks"}},
        {.id = "performance.deadlocks",
         .severity = severity::info,
         .title = "there are no deadlocks",
         .why = "one of the transactions fails, after a second of waiting",
         .fix = "lock rows and tables in the same order everywhere; the server log has both "
                "statements",
         .query = sql::check_performance_deadlocks},
        // Its view was split in 17.
        {.id = "performance.checkpoints",
         .severity = severity::info,
         .title = "checkpoints come by the clock",
         .why = "those that come sooner write more",
         .fix = "a larger max_wal_size",
         .query = sql::check_performance_checkpoints,
         .older = sql::check_performance_checkpoints_16,
         .older_until = 16,
         .first = {"least", 20, "checkpoints"}},
        {.id = "performance.statements",
         .severity = severity::info,
         .title = "pg_stat_statements counts statements",
         .why = "nothing tells which statements cost the time",
         .fix = "shared_preload_libraries, a restart, CREATE EXTENSION pg_stat_statements",
         .query = sql::check_performance_statements},
        {.id = "performance.slow_statements",
         .severity = severity::info,
         .title = "statements that are called often are fast",
         .why = "the time of the server goes there, and people wait for it",
         .fix = "EXPLAIN (ANALYZE, BUFFERS), then an index, or less to read",
         .query = sql::check_performance_slow_statements,
         .first = {"least", 20, "ms"},
         .second = {"calls", 100, "calls"}},
    };
    return all;
}

} // namespace pgtend::check
