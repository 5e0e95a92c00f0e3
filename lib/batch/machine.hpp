// SPDX-License-Identifier: Apache-2.0
// A batched change of one table as a machine: leaf by leaf, section by section, a transaction each.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "batch/statements.hpp"
#include "catalog/snapshot/batches.hpp"
#include "model/action.hpp"
#include "plan/task.hpp"

namespace pgtend::batch {

// How it works, in short (docs/batches.md at length). In a leaf the planner says by EXPLAIN whether
// an index helps.
//  - Many rows, and an index gives them in the order of a column: sections between two of its
//  values, each with the wanted
//    number of rows; every value is passed once, so nothing can go in circles, and an update of a
//    passed row is not met again.
//  - Few rows, or an index without a useful order: their places (ctid) are listed, and changed in
//  portions.
//  - No index: heap blocks, counted in strides and changed in ranges that hold the wanted number of
//  rows.
// Every changing statement asks the whole condition again, and whether a leaf that is not the named
// table is still below it. What the run itself wrote is not looked at again. A batch that waits
// longer than `longest_row_wait` for somebody's row is taken back and repeated the careful way
// (rows that others hold are skipped); conditions that may read other tables go the careful way
// always. A careful batch that meets a lock all the same is halved, down to one row. What was
// skipped is tried again at the end of the table, twice, and then counted as left. Rows that refer
// to each other are deleted from the ends.
//
// It throws error when the condition or an expression is wrong (class 42), when an update leaves
// rows matching, and at its end when leaves failed; a leaf that fails does not stop the others.
std::unique_ptr<plan::task> make_machine(change what, catalog::batch_target target,
                                         model::batching batches);

} // namespace pgtend::batch
