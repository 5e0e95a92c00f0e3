// SPDX-License-Identifier: Apache-2.0
// Cleanup and expiry: rows deleted or updated in batches, each committed by itself. docs/batches.md
// is the manual.
#pragma once
#include <vector>

#include "catalog/snapshot/batches.hpp"
#include "model/action.hpp"
#include "plan/plan.hpp"

namespace pgtend::batch {

// One step with a task for each table, in the order of the action; steps of one table share a lane.
// `targets` are those of the selections, in their order. A table that does not exist or cannot be
// worked on becomes a step that fails. Throws error (42601) when a condition or an expression is
// not one (model::check_condition), and when nothing is to be set.
plan::plan plan_cleanup(model::cleanup_action const &action,
                        std::vector<catalog::batch_target> const &targets);
plan::plan plan_expire(model::expire_action const &action,
                       std::vector<catalog::batch_target> const &targets);

} // namespace pgtend::batch
