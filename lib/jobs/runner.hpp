// SPDX-License-Identifier: Apache-2.0
// Claims what is due, runs it, renews the leases meanwhile, records what became of it. One control
// session, one work session a running job. The server's clock decides; this host's clock only
// wakes.
#pragma once
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "jobs/run.hpp"
#include "ledger/ledger.hpp"
#include "model/configuration.hpp"
#include "pg/connect.hpp"

namespace pgtend::jobs {

struct runner_options {
    ledger::runner_identity who;
    std::string command = "tick";
    int max_parallel = 2; // jobs side by side, 1 to 64
    std::optional<instant> now =
        {}; // moves slots only; refused unless the ledger was made for tests
    std::stop_token stop =
        {}; // the first signal: nothing new, running work finishes within stop_timeout
    std::stop_token abort = {}; // the second one: running work is cancelled
    microseconds stop_timeout = seconds{60};
    bool transaction_pooler = false;
    engine::observer *watcher = nullptr;
    std::function<void(run_report const &)> finished = {}; // after each run, one call at a time
};

struct tick_report {
    std::vector<run_report> runs;
    std::vector<ledger::ledger::skip> skipped;
    std::vector<std::string> registered; // new jobs: they start from now
    std::vector<std::string> warnings;
    bool interrupted = false;
    // 0, 1 or 130: findings alone do not change it.
    exit_code code() const;
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
    // refused), connect_error, connection_lost when the control session cannot be had any more.
    tick_report tick();
    // One job now, due or not. Throws error with exit_code::held when another run has it.
    run_report run_by_hand(model::job const &job);

  private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

// "host/pid/random": who holds a lease.
std::string holder_name(std::string const &host, int pid, random_source const &random);

} // namespace pgtend::jobs
