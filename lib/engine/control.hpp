// SPDX-License-Identifier: Apache-2.0
// What the workers of one run share: its end, and the callers' functions, one call at a time.
#pragma once
#include <atomic>
#include <exception>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/executor.hpp"

namespace pgtend::engine {

// Thrown inside the engine: the run as a whole is over.
class run_ended : public std::exception {
  public:
    explicit run_ended(ending why) : why_{std::move(why)} {}
    char const *what() const noexcept override { return why_.problem.what(); }
    ending const &why() const noexcept { return why_; }

  private:
    ending why_;
};

class run_control {
  public:
    explicit run_control(environment const &around);

    environment const &around() const noexcept { return around_; }
    clock &time() const noexcept { return around_.time; }
    random_source random();

    // Notes why the run is over (the first call counts) and stops all workers.
    void end(ending why);
    std::optional<ending> ended() const;
    // Throws run_ended when nothing new may be begun: ended, stop or drain asked for, deadline
    // over.
    void check() const;
    // Limits of one statement: its own timeout (0: none) or what is left of the run, whichever ends
    // first.
    pg::limits limit(microseconds own, bool without_deadline = false) const;
    bool out_of_time() const;
    // `then`: what became of the statement that ran, ", ...".
    ending time_is_over(std::string const &then = {}, std::string const &statement = {}) const;
    microseconds remaining() const; // to the deadline, at least 1 us; 0: there is none
    // Why a statement was interrupted: asked from outside, or because another worker ended the run.
    ending interruption() const;
    // Sleeps at most until the deadline; throws run_ended like check().
    void pause(microseconds duration) const;

    // Relations whose lock could not be had within the deadline: what else needs them in this run
    // tries once and does not wait again, so that twenty steps on one locked table take one
    // deadline and not twenty.
    void give_up(std::vector<std::string> const &relations);
    bool given_up(std::vector<plan::lock> const &wanted) const;
    // The same of old transactions, which everything CONCURRENTLY waits for.
    void give_up_old_transactions() noexcept { old_transactions_ = true; }
    bool given_up_old_transactions() const noexcept { return old_transactions_; }

    // The first statement that may change something is about to be sent.
    void begin() noexcept { begun_ = true; }
    bool begun() const noexcept { return begun_; }
    // A session broke while it worked: its backend may still do so.
    void note_lost_session() noexcept { lost_session_ = true; }
    bool lost_session() const noexcept { return lost_session_; }

    pg::session open();
    void started(plan::step const &of);
    void progressed(plan::step const &of, plan::tally const &so_far);
    void retrying(plan::step const &of, std::string const &why, microseconds pause);
    void finished(step_result const &how);

  private:
    environment const &around_;
    mutable std::mutex state_mutex_;
    std::optional<ending> ending_;
    std::set<std::string> given_up_; // quoted, as in the statements
    std::atomic<bool> begun_ = false, lost_session_ = false, old_transactions_ = false;
    std::mutex opening_mutex_, watcher_mutex_, random_mutex_;
    std::stop_source cancel_;  // of running statements
    std::stop_source no_more_; // of pauses, and of what was not begun
    std::stop_callback<std::function<void()>> on_stop_, on_drain_;
};

} // namespace pgtend::engine
