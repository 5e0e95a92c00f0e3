// SPDX-License-Identifier: Apache-2.0
// What job list, job show and job history share.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "jobs/breaker.hpp"
#include "jobs/due.hpp"
#include "tools/runs.hpp"

namespace pgtend::tools {

// What one knows of the jobs of the file on one target.
struct status_of_jobs {
    model::configuration jobs;
    ledger::overview seen;
};
status_of_jobs survey(context &c, context::destination const &where, ledger::ledger &book);

// Of its breaker: "closed", "open", "half_open" or "off".
std::string breaker_word(model::job const &job, jobs::breaker const &breaker);
// That no session for the work of jobs can be had; titles are empty while they can.
std::vector<report::field> session_fields(ledger::overview const &seen);
// "due", "running", "paused", "open", "waiting" ...
report::cell state_cell(model::job const &job, ledger::job_state const &state,
                        ledger::overview const &seen, jobs::decision const &choice);
// Runs as a table; text shows the first line of an error.
report::table history_table(std::vector<ledger::history_row> const &rows);
// The error of a run, or nothing.
report::cell error_cell(std::string const &error);

} // namespace pgtend::tools
