// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "jobs/kinds.hpp"
#include "model/action.hpp"
#include "plan/plan.hpp"

namespace pgtend::jobs {

// The readiness checks of `with.file`, run while planning, which reads only and ends within
// `with.limit`; its one transaction keeps what they found in the ledger. tally.rows counts the
// findings that are not waived, tally.expected those that the file or its profile fails on. Throws
// error when there is no file, or no such profile; timed_out; interrupted.
plan::plan plan_check(model::check_action const &what, planning const &with);

} // namespace pgtend::jobs
