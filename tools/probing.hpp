// SPDX-License-Identifier: Apache-2.0
// What checks look at besides the database, with what they need of a command's surroundings.
#pragma once
#include <stop_token>

#include "check/evidence.hpp"
#include "jobs/readiness.hpp"
#include "tools/context.hpp"

namespace pgtend::tools {

// Adds whether the jobs of the file can work, its probes and objectives, and what looks at them.
// The context and what `ask` refers to must outlive it; `stop` ends a probe. For several threads.
void add_further(check::sources &to, context const &c, jobs::readiness_request const &ask,
                 std::stop_token const &stop);

} // namespace pgtend::tools
