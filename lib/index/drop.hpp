// SPDX-License-Identifier: Apache-2.0
// Plans the dropping of indexes that somebody named.
#pragma once
#include <set>
#include <vector>

#include "catalog/snapshot/indexes.hpp"
#include "plan/plan.hpp"

namespace pgtend::index {

// Whole trees are not locked beyond so many tables: each needs entries in the server's lock table.
constexpr std::size_t most_locked_tables = 500;

// DROP INDEX CONCURRENTLY, one step and lane an index. Refused, as a step that fails and says what
// to do: what backs a constraint, a replica identity or a foreign key, and what is attached to the
// index of a partitioned table. That a table is marked to be clustered by it, that a materialized
// view can no longer be refreshed concurrently, or that the file declares it (`declared`), is told
// in a note.
//
// The server cannot drop the index of a partitioned table CONCURRENTLY, nor can its parts be taken
// out one by one: it is dropped as a whole, in one transaction that needs ACCESS EXCLUSIVE on the
// table and all its partitions, for as long as it takes to change the catalogs; tried shortly and
// again. Refused when that were more than most_locked_tables.
//
// Right before it drops, the server is asked whether that index is still there: another one to
// which somebody gave the name meanwhile is left.
plan::plan plan_drop(std::vector<catalog::named_index> const &named,
                     std::set<qualified_name> const &declared);

} // namespace pgtend::index
