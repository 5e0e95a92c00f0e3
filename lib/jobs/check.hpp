// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "check/rule.hpp"
#include "jobs/kinds.hpp"
#include "model/action.hpp"
#include "plan/plan.hpp"

namespace pgtend::jobs {

// Not at what stands around the database, nor at whether jobs can work: what a job of the kind does
// not look at, it neither keeps nor finds gone.
bool looks_at(check::rule const &of);

// The readiness checks of `with.file`, run while planning, which reads only; its one transaction
// keeps what they found in the ledger. tally.rows counts the findings that are not waived,
// tally.expected those that the file or its profile fails on. Throws error when there is no file,
// or no such profile.
plan::plan plan_check(model::check_action const &what, planning const &with);

} // namespace pgtend::jobs
