// SPDX-License-Identifier: Apache-2.0
// What tick and the job commands share: the runner of a target, and how runs are shown.
#pragma once
#include "jobs/runner.hpp"
#include "tools/context.hpp"

namespace pgtend::tools {

struct opened_runner {
    std::unique_ptr<jobs::runner> runner;
    pg::capabilities server;
};
// A runner of the configuration's jobs for one target. `options.who` and the stop tokens are filled
// here. When nobody waits for it, its control session is opened patiently.
enum class waited_for { yes, no };
opened_runner open_runner(context &c, context::destination const &where,
                          model::configuration const &jobs, jobs::runner_options options,
                          waited_for somebody);

// What jobs of the kind check look at besides the database; the context must outlive it.
jobs::further_sources further_of(context const &c);

// The jobs of the file that belong to a target.
model::configuration jobs_of(model::configuration const &all, std::string const &target);

report::cell status_cell(ledger::run_status status);
// Shown as a clock on a wall there has it, without the offset.
report::cell wall_cell(std::optional<instant> at, zone const &in);
struct run_on_target {
    std::string target;
    jobs::run_report run;
};
// The rows of finished runs. Text names the target only when there are several.
report::table table_of(std::vector<run_on_target> const &runs);
void tell_failure(io &outside, jobs::run_report const &run);

} // namespace pgtend::tools
