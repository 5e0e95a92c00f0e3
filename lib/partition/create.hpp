// SPDX-License-Identifier: Apache-2.0
// Plans the creation of partitions: CREATE TABLE ... (LIKE ...), made like its parent, then ATTACH
// PARTITION.
#pragma once
#include <string>
#include <vector>

#include "catalog/snapshot/creation.hpp"
#include "partition/due.hpp"
#include "plan/plan.hpp"

namespace pgtend::partition {

// One step, one transaction a partition, and one lane a table; no step depends on another. A
// transaction:
//
// - CREATE TABLE ... (LIKE parent INCLUDING ALL EXCLUDING IDENTITY): columns, defaults, generated
// columns, CHECK and NOT NULL,
//   indexes with primary key and UNIQUE (ATTACH then adopts them), extended statistics,
//   storage, compression, comments; never the identity, which ATTACH refuses from version 17 on and
//   passes down itself. With the parent's access method (17 on) and tablespace, and the policy's
//   storage parameters. EXCLUDING INDEXES when one of them excludes: ATTACH does not compare such
//   indexes and would make a second one, so it makes all of them (without their comments).
//   Lock: ACCESS SHARE on the parent.
// - ALTER TABLE: owner, row level security and its FORCE, replica identity, statistics targets, as
// the parent has them.
//   Policies are not copied: who reads a partition by its own name is refused, access goes through
//   the parent.
// - REVOKE ALL from PUBLIC and from everybody whom default privileges give something; the parent's
// grants when the policy asks.
// - COMMENT: the parent's.
// - ALTER TABLE parent ATTACH PARTITION: foreign keys and row triggers come with it. Locks: SHARE
// UPDATE EXCLUSIVE on the
//   parent (readers and writers go on), SHARE ROW EXCLUSIVE on the tables at the other end of
//   foreign keys in either direction (readers go on; on 14 not on those that refer to it), ACCESS
//   EXCLUSIVE on the default partition if there is one, all rows of which are read.
// - A row of the ledger for each parameter in `to_note`, where there is a ledger that the role may
//   write: it was not set before, or as the policy has it, so that what somebody changes later is
//   known as theirs, and `autovacuum revert` takes off what nobody changed. Rows of tables that are
//   gone are forgotten then, since partitions come and go.
// - REPLICA IDENTITY USING INDEX, when the parent's is an index: only now is it known which index
// of the partition it is.
//
// Locks on the new partition are not declared: nobody sees it before COMMIT. What cannot be made
// (missing rights, a name that is taken, rows of the default partition in the range, a table that
// is gone) becomes a step that fails and says why. `facts` are those of requests(due). Throws
// nothing for them.
plan::plan plan_create(demand const &due, std::vector<catalog::creation_facts> const &facts);

// The statements of one such transaction. Throws error when a name or a storage parameter is not
// acceptable.
std::vector<plan::statement> create_statements(due_table const &table,
                                               catalog::new_partition const &wanted,
                                               catalog::creation_facts const &facts);

} // namespace pgtend::partition
