// SPDX-License-Identifier: Apache-2.0
// The jobs at work in this process: a thread each, their leases renewed together, ended when a
// lease is no longer sure or a signal asks for it. One thread owns the crew; the jobs' threads only
// report.
#pragma once
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <vector>

#include "base/clock.hpp"
#include "jobs/control.hpp"
#include "jobs/run.hpp"

namespace pgtend::jobs {

struct crew_options {
    std::stop_token stop = {};  // nothing new is begun; what runs has stop_timeout to finish
    std::stop_token abort = {}; // running statements are cancelled
    microseconds stop_timeout = seconds{60};
};

class crew {
  public:
    // Runs a claimed job to its end; called on the job's own thread with the token that cancels it.
    using work = std::function<run_report(ledger::claim const &, std::stop_token)>;

    crew(control &book, clock &time, crew_options options);
    // Cancels and waits for what still works.
    ~crew();
    crew(crew const &) = delete;
    crew &operator=(crew const &) = delete;

    // claimed_at: monotonic time before the claim was sent; the lease is sure from then on.
    void start(ledger::claim const &held, clock::monotonic claimed_at, work job);
    std::size_t size();

    // Waits until a job ends, a signal comes, or a second is over; renews what is due for it; obeys
    // the signals. Returns what ended, recorded in the ledger.
    std::vector<run_report> tend();

  private:
    struct member;

    void rouse();
    void pause(microseconds span);
    void renew();
    void obey_signals();
    std::unique_ptr<member> take_finished();
    void record(member const &done, run_report &report);

    control &book_;
    clock &time_;
    crew_options options_;
    clock::monotonic next_renewal_;
    std::optional<clock::monotonic> stop_seen_ = {};

    std::mutex mutex_; // of the two below
    std::vector<std::unique_ptr<member>> members_;
    std::stop_source wake_;
};

} // namespace pgtend::jobs
