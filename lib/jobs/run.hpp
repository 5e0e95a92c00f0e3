// SPDX-License-Identifier: Apache-2.0
// One run of one job: plans, executes, and says what became of it. The runner around it holds the
// lease.
#pragma once
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "engine/executor.hpp"
#include "jobs/kinds.hpp"
#include "ledger/ledger.hpp"
#include "model/configuration.hpp"
#include "pg/connect.hpp"

namespace pgtend::jobs {

struct run_report {
    std::string job;
    std::string kind;
    std::optional<instant> slot;
    int attempt = 1;
    long long run = 0; // id in the ledger
    ledger::run_status status = ledger::run_status::running;
    plan::tally tally;
    microseconds elapsed{0};
    std::optional<microseconds> lateness = {}; // start after the slot
    std::optional<error> problem = {};
    std::vector<std::string> messages = {}; // notes and further failures, one line each
    bool reopen = false;                    // the slot may be claimed again
    bool begun = false;        // something of its work was sent; false: repeating it is safe
    bool left_backend = false; // lost a session whose backend may still work outside transactions
    bool findings = false;     // a `watch`, or a `check`, with findings
};

struct run_environment {
    pg::connect_options connect; // application_name is set to pgtend/<command>/<job>
    std::string command;         // "tick"
    clock &time;
    random_source random;
    engine::fence fence = {};
    std::stop_token drain = {}; // nothing new is begun
    std::stop_token stop = {};  // the running statement is cancelled
    engine::observer *watcher = nullptr;
    bool transaction_pooler = false;
    further_sources further = {}; // for jobs of the kind check
    // Told when the first session is there.
    std::function<void()> connected = {};
    // Told of each backend that works outside transactions, before it begins.
    std::function<void(int backend_pid)> note_backend = {};
};

// Never throws: what goes wrong is the report's problem.
run_report run_job(model::job const &job, model::configuration const &all,
                   run_environment const &around);

// What every transaction of the job is set to.
engine::work_settings settings_of(model::run_policy const &policy, std::string const &time_zone);

} // namespace pgtend::jobs
