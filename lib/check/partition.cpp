// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/name.hpp"
#include "check/areas.hpp"
#include "check/evidence.hpp"

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
