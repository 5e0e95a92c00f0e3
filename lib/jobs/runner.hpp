// SPDX-License-Identifier: Apache-2.0
// Drives a dispatcher for real: one control session, one work session and thread a running job. The
// server's clock decides; this host's clock only wakes.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "jobs/dispatcher.hpp"
#include "jobs/run.hpp"
#include "ledger/ledger.hpp"
#include "model/configuration.hpp"
#include "pg/connect.hpp"

namespace pgtend::jobs {

struct runner_options {
    ledger::runner_identity who;
    std::string command = "tick";
    int max_parallel = 2; // jobs side by side, 1 to 64
    // Moves slots only; refused unless the ledger was made for tests.
    std::optional<instant> now = {};
    // The first signal: nothing new, running work finishes within stop_timeout.
    std::stop_token stop = {};
    std::stop_token abort = {}; // the second one: running work is cancelled
    microseconds stop_timeout = seconds{60};
    bool transaction_pooler = false;
    further_sources further = {};         // for jobs of the kind check; called by several threads
    std::vector<rows> first_reading = {}; // what ledger::reading() returned already
    engine::observer *watcher = nullptr;
    // What came up, each thing once, while tick() lasts and on the thread that called it.
    std::function<void(tick_news const &)> told = {};
};

class runner {
  public:
    // The control session must be connected and probed. `reopen` makes another one when it is lost.
    runner(model::configuration const &all, pg::connect_options connect, pg::session control,
           std::function<pg::session()> reopen, clock &time, random_source random,
           runner_options options);
    ~runner();
    runner(runner const &) = delete;
    runner &operator=(runner const &) = delete;

    // Runs what is due, and what falls due while that lasts. Throws usage_error (no ledger, --now
    // refused), connect_error or connection_lost when the control session cannot be had any more:
    // after running jobs have ended, at the latest when their leases are over.
    tick_report tick();
    // One job now, due or not. Throws error with exit_code::held when another run has it,
    // interrupted when a signal came before it began.
    run_report run_by_hand(model::job const &job);

  private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

// "host/pid/random": who holds a lease.
std::string holder_name(std::string const &host, int pid, random_source const &random);

} // namespace pgtend::jobs
