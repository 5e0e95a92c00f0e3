// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "model/action.hpp"
#include "plan/plan.hpp"

namespace pgtend::jobs {

// One transaction: the query's rows are counted, and those whose key is new are inserted where
// told. tally.rows counts the inserted ones (all findings when nothing is inserted), tally.expected
// all findings.
plan::plan plan_watch(model::watch_action const &what);

} // namespace pgtend::jobs
