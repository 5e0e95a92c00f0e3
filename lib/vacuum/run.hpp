// SPDX-License-Identifier: Apache-2.0
// Plans VACUUM and ANALYZE: statement by statement, the most needed first.
#pragma once
#include "catalog/snapshot/vacuum.hpp"
#include "model/action.hpp"
#include "plan/plan.hpp"

namespace pgtend::vacuum {

// Tables that are named are all treated; without names, those that are due by the formulas of
// need.hpp. One step and one lane a relation, ordered by how far it is over its trigger (then by
// size), so that several sessions take the worst first and a time window that ends cuts off the
// least needed.
//
// Of a partitioned table the partitions are vacuumed; the table itself has no rows, but statistics
// of its own that autovacuum never refreshes (run on 15 to 18): where `analyze` is asked, ANALYZE
// of it ends the plan. It is due when it was never analyzed, or autovacuum
// analyzed a partition since, or a partition or the whole is over its threshold of changed rows. Up
// to 17 ANALYZE of it treats every partition as well, so that these are not analyzed on their own,
// and it waits for them; from 18 on it is ANALYZE ONLY.
//
// Locks: SHARE UPDATE EXCLUSIVE, readers and writers go on. VACUUM is a standalone statement (it
// cannot run in a transaction), and so is an ANALYZE that treats many partitions, because in a
// transaction their locks would be held together to the end. Any other ANALYZE is a transaction,
// which the run's fence covers. From 16 on VACUUM leaves the database's own statistics to one last
// step, because their update reads all of pg_class each time.
//
// The right to vacuum is looked at first, because the server only warns: a named table without it
// becomes a step that fails, as does one that does not exist; system catalogs that are due but not
// permitted are left to autovacuum, in a note.
plan::plan plan_run(model::vacuum_action const &action, catalog::vacuum_snapshot const &snapshot);

} // namespace pgtend::vacuum
