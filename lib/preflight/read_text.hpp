// SPDX-License-Identifier: Apache-2.0
// Looks at SQL that people wrote: the statements of `sql` and `watch` jobs, parsed and planned.
#pragma once
#include <vector>

#include "model/job.hpp"
#include "plan/statement.hpp"
#include "preflight/asking.hpp"
#include "preflight/outbox.hpp"

namespace pgtend::preflight {

// Throws what ends the session.
void read_text(asking &with, model::job const &job, std::vector<plan::statement> const &all,
               outbox &out);

} // namespace pgtend::preflight
