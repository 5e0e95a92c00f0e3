// SPDX-License-Identifier: Apache-2.0
// What is asked before the first leaf.
#pragma once
#include "batch/condition.hpp"
#include "batch/statements.hpp"
#include "catalog/snapshot/batches.hpp"
#include "plan/task.hpp"

namespace pgtend::batch {

// The condition and the expressions of a change.
mentions mentioned_in(change const &what);

// One row: do policies of row level security hold for the role on the named table (`policies`), and
// may what is mentioned, or a policy, read other tables, as far as the server can tell (`reads`)?
// True for a sub-select in a policy that holds, and for whatever may call a function that somebody
// wrote in another language than C: see `mentions`.
plan::statement opening_question(catalog::batch_target const &target, mentions const &what);

// What is told when policies hold for the role on a table whose rows are in others.
plan::failure policies_do_not_reach();
// The same of a condition that names the table with its schema, which a leaf does not know (42P01).
plan::failure called_by_schema(change const &what, plan::failure const &why);

// A right on the table itself is missing: says that those below it are asked for as well, before
// each of them has to fail.
plan::failure with_leaves(change const &what, catalog::batch_target const &target,
                          plan::failure why);

// EXPLAIN (FORMAT JSON, VERBOSE) of reading the table with the condition: which leaves may have
// matching rows.
plan::statement explain_table(change const &what);

} // namespace pgtend::batch
