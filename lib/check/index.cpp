// SPDX-License-Identifier: Apache-2.0
#include "check/areas.hpp"
#include "check/evidence.hpp"
#include "sql/queries.hpp"

namespace pgtend::check {
namespace {

template <index::finding_kind Kind> std::vector<finding> of_kind(evidence &with)
{
    std::vector<finding> out;
    for (auto const &each : with.indexes().findings) {
        if (each.kind == Kind) {
            out.push_back({.object = each.index,
                           .message = "of " + each.table + ": " + each.why,
                           .value = static_cast<double>(each.bytes),
                           .fix = each.remedy});
        }
    }
    for (auto const &[kind, needs] : with.indexes().unseen) {
        if (kind == Kind) {
            with.miss(needs);
        }
    }
    return out;
}

} // namespace

std::span<rule const> index_rules()
{
    using kind = index::finding_kind;
    static rule const all[] = {
        {.id = "index.invalid",
         .severity = severity::error,
         .title = "no index is invalid",
         .why = "an invalid index serves no query, and every write pays for it",
         .fix = "build it anew concurrently, or drop it",
         .look = of_kind<kind::invalid>},
        {.id = "index.leftover",
         .severity = severity::warning,
         .title = "nothing is left of interrupted index builds",
         .why = "what REINDEX or DROP INDEX CONCURRENTLY left behind costs every write",
         .fix = "pgtend index drop",
         .look = of_kind<kind::leftover>},
        {.id = "index.duplicate",
         .severity = severity::warning,
         .title = "no index is there twice",
         .why = "the second one costs writes, memory and vacuum, and gives nothing",
         .fix = "pgtend index drop",
         .look = of_kind<kind::duplicate>},
        {.id = "index.redundant",
         .severity = severity::info,
         .title = "no index is the beginning of another",
         .why = "the longer one can serve its queries",
         .fix = "drop the shorter one, when the longer is not much larger",
         .look = of_kind<kind::redundant>},
        {.id = "index.unused",
         .severity = severity::info,
         .title = "every index is used",
         .why = "an index that nobody scans costs every write",
         .fix = "look at the standbys and at rare reports first, then drop it",
         .look = of_kind<kind::unused>},
        {.id = "index.foreign_key",
         .severity = severity::warning,
         .title = "every foreign key has an index on its columns",
         .why =
             "each delete of what it refers to, and each change of its key, reads the whole table",
         .fix = "declare an index under indexes:, or create it concurrently",
         .look = of_kind<kind::foreign_key>},
        {.id = "index.bloat",
         .severity = severity::warning,
         .title = "indexes are not much larger than their entries need, as far as can be estimated",
         .why = "it fills memory and disk, and each scan of a range reads more of it",
         .fix = "REINDEX INDEX CONCURRENTLY",
         .query = sql::check_index_bloat,
         .first = {"warning", 50, "%"},
         .second = {"least", 1e8, "bytes"}},
        {.id = "index.seq_scans",
         .severity = severity::info,
         .title = "large tables are read by their indexes",
         .why = "each such statement reads all of the table, and drives other data out of memory",
         .fix = "an index for the conditions of the statements that read it: "
                "performance.slow_statements may name them",
         .query = sql::check_index_seq_scans,
         .first = {"least", 1e8, "bytes"},
         .second = {"scans", 100, "sequential scans"}},
    };
    return all;
}

} // namespace pgtend::check
