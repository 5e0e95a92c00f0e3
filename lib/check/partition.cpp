// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/name.hpp"
#include "check/areas.hpp"
#include "check/evidence.hpp"
#include "sql/queries.hpp"

namespace pgtend::check {
namespace {

std::vector<finding> of_kinds(evidence &with, std::initializer_list<std::string_view> kinds)
{
    std::vector<finding> out;
    for (auto const &table : with.partitions()) {
        for (auto const &each : table.findings) {
            if (std::find(kinds.begin(), kinds.end(), each.kind) != kinds.end()) {
                out.push_back({.object = display(table.table),
                               .message = each.message,
                               .value = {},
                               .fix = each.hint});
            }
        }
    }
    return out;
}

std::vector<finding> runway(evidence &with)
{
    return of_kinds(with, {"runway", "missing"});
}

std::vector<finding> holes(evidence &with)
{
    return of_kinds(with, {"hole", "overlap", "unusable"});
}

std::vector<finding> default_rows(evidence &with)
{
    return of_kinds(with, {"default_rows"});
}

std::vector<finding> pending_detach(evidence &with)
{
    return of_kinds(with, {"pending_detach"});
}

std::vector<finding> drift(evidence &with)
{
    return of_kinds(with, {"drift"});
}

std::vector<finding> names(evidence &with)
{
    return of_kinds(with, {"name_taken"});
}

std::vector<finding> lock_table(evidence &with)
{
    return of_kinds(with, {"lock_table"});
}

std::vector<finding> unmanaged(evidence &with)
{
    auto const &jobs = with.records();
    if (!jobs.declared) {
        throw unseen{"a configuration file (-c)"};
    }
    std::vector<finding> out;
    for (auto const &table : with.partitions()) {
        auto const name = display(table.table);
        bool const partman = std::find(jobs.partman_tables.begin(), jobs.partman_tables.end(),
                                       name) != jobs.partman_tables.end();
        if (table.by_time && !table.has_policy && !partman) {
            out.push_back({.object = name,
                           .message = "is partitioned by time, and nobody makes its partitions",
                           .value = {},
                           .fix = "declare it under partitions:"});
        }
    }
    return out;
}

} // namespace

std::span<rule const> partition_rules()
{
    static rule const all[] = {
        {.id = "partition.runway",
         .severity = severity::error,
         .title = "partitions reach far enough ahead",
         .why = "when the last one is full, inserts fail, or rows pile up in the default partition",
         .fix = "pgtend partition create",
         .look = runway},
        {.id = "partition.holes",
         .severity = severity::error,
         .title = "no period between partitions is without one",
         .why = "rows of that period are refused, or end in the default partition",
         .fix = "pgtend partition create",
         .look = holes},
        {.id = "partition.default_rows",
         .severity = severity::warning,
         .title = "no rows lie in default partitions",
         .why = "they keep partitions of their periods from being made, and no query can skip them",
         .fix = "move them into partitions of their own",
         .look = default_rows},
        {.id = "partition.pending_detach",
         .severity = severity::error,
         .title = "no DETACH ... CONCURRENTLY was left half done",
         .why = "its rows are not seen through the parent, and no other partition can be detached",
         .fix = "ALTER TABLE ... DETACH PARTITION ... FINALIZE",
         .look = pending_detach},
        {.id = "partition.drift",
         .severity = severity::warning,
         .title = "every partition is as a new one would be made",
         .why = "one without row level security, an index or a storage parameter behaves otherwise "
                "than its siblings",
         .fix = "pgtend partition status -o json has each difference with its statement",
         .look = drift},
        {.id = "partition.names",
         .severity = severity::error,
         .title = "the names of coming partitions are free",
         .why = "the partition cannot be made when its time comes",
         .fix = "rename what has the name",
         .look = names},
        {.id = "partition.unmanaged",
         .severity = severity::warning,
         .title = "every table partitioned by time is looked after",
         .why = "when its last partition is full, inserts fail, or rows pile up in the default "
                "partition",
         .fix = "declare it under partitions:",
         .look = unmanaged},
        {.id = "partition.count",
         .severity = severity::warning,
         .title = "no table has thousands of partitions",
         .why = "planning a query takes longer than running it, and needs memory in every session",
         .fix = "a longer period for each, or fewer of them",
         .query = sql::check_partition_count,
         .first = {"warning", 1'000, "partitions"},
         .second = {"error", 5'000, "partitions"}},
        {.id = "partition.lock_table",
         .severity = severity::warning,
         .title = "the lock table holds a statement on a whole tree of partitions",
         .why = "a query that cannot skip partitions fails with \"out of shared memory\"",
         .fix = "raise max_locks_per_transaction",
         .look = lock_table},
    };
    return all;
}

} // namespace pgtend::check
