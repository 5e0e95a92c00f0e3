// SPDX-License-Identifier: Apache-2.0
// Plans the building of indexes that are declared and not there.
#pragma once
#include <vector>

#include "catalog/snapshot/indexes.hpp"
#include "model/index_policy.hpp"
#include "plan/plan.hpp"

namespace pgtend::index {

// What the planner has to know of the declared indexes: for catalog::load_indexes().
std::vector<catalog::index_request> requests(std::vector<model::index_policy> const &declared);

struct creation {
    plan::plan work;
    // What it calls indexes on partitions: for catalog::load_taken_names(), which finds those that
    // something else has. While there is such a one, plan anew, and another name is chosen; without
    // that the step fails.
    std::vector<qualified_name> names;
};

// The plan after which every declared index is there and valid; notes for those that are already.
// `found` is of requests(declared). Nothing is ever dropped but invalid indexes that an interrupted
// build left, and nobody's writes are blocked for longer than short_wait at a time.
//
// Definitions are compared as the server tells them. An equal valid index of another name serves.
// An index of that name with another definition is a step that fails. An invalid one is dropped and
// built anew: REINDEX would keep every write paying for it meanwhile, and interrupted leave a
// second one. What REINDEX CONCURRENTLY left (..._ccnew, ..._ccold) on these tables is dropped.
//
// A partitioned table: ON ONLY on it and on each partitioned one below, which partitions made later
// then follow; each leaf CONCURRENTLY; ATTACH, after which the server calls the whole valid, and a
// last step asks whether it did. Leaves with an equal valid index are attached, not built. An
// invalid index that is attached already cannot be dropped: REINDEX INDEX CONCURRENTLY, also when
// it is declared for the partition itself; the whole is looked at again only where it is declared.
//
// All steps are one lane, in order, because a build waits for the transactions of others that go
// on; what a step needs that failed, it does not begin. Every step may be interrupted: the next
// plan goes on from there. Steps check right before they begin whether another session has done
// them meanwhile: what has the name then and another definition makes them, or the last step of a
// partitioned table, fail (42P07). A build that a deadlock ended drops what it left and begins
// anew.
creation plan_create(std::vector<model::index_policy> const &declared,
                     catalog::index_snapshot const &found);

// Of one of them, without what REINDEX left; `wanted` is its place in the snapshot.
plan::plan plan_one(model::index_policy const &declared, std::size_t wanted,
                    catalog::index_snapshot const &found);

} // namespace pgtend::index
