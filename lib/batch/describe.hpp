// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "batch/statements.hpp"
#include "plan/task.hpp"

namespace pgtend::batch {

// What a dry run prints: the statements of the first leaf, for each way that its rows may be found.
// careful: the condition may read other tables.
plan::description describe(change const &what, catalog::batch_target const &target,
                           model::batching const &batches, bool careful);

} // namespace pgtend::batch
