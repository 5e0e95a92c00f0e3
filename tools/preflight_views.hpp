// SPDX-License-Identifier: Apache-2.0
// Whether jobs can work: for `schedule check` and as checks.
#pragma once
#include <string>
#include <vector>

#include "check/evidence.hpp"
#include "preflight/look.hpp"
#include "tools/context.hpp"

namespace pgtend::tools {

// Looks at the jobs of the file that belong to a target.
preflight::report preflight_of(context &c, context::destination const &where,
                               context::control &control, pg::limits const &each);

// As findings of check: each of the check that its kind has.
check::job_findings job_findings_of(preflight::report const &found);

struct looked_at {
    std::string target;
    preflight::report found;
};
// Adds what was found on each target to the document of schedule check: tables for JSON, and what a
// person reads. Returns whether there is an error among it.
bool add(report::document &to, std::vector<looked_at> const &all, bool json);

} // namespace pgtend::tools
