// SPDX-License-Identifier: Apache-2.0
// Plans the refresh of materialized views: in the order of their dependencies, concurrently when
// that is possible.
#pragma once
#include "catalog/snapshot/matviews.hpp"
#include "model/action.hpp"
#include "plan/plan.hpp"

namespace pgtend::matview {

// One step, one transaction a view (REFRESH ... CONCURRENTLY may run in one, so it is fenced like
// any other work). A view that reads another one of the action comes after it, and is skipped when
// that one failed. Each has a lane of its own: what does not wait for another goes side by side.
// `snapshot` is that of the action's views, in the same order; a view named twice is refreshed
// once.
//
// Locks on the view (run on PostgreSQL 15 to 18): CONCURRENTLY takes EXCLUSIVE, readers go on;
// plain takes ACCESS EXCLUSIVE, everybody waits. CONCURRENTLY needs a populated view and a unique
// index on plain columns, valid, without WHERE. `automatic` takes it when it can, and says in a
// note why it could not and what would change that; `yes` refuses instead; `no` never does. What
// may not be refreshed (no such view, no right: owner, or MAINTAIN from version 17 on) becomes a
// step that fails.
plan::plan plan_refresh(model::refresh_action const &action,
                        catalog::matview_snapshot const &snapshot);

} // namespace pgtend::matview
