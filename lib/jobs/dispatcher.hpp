// SPDX-License-Identifier: Apache-2.0
// What a runner decides, as a pure machine: what to ask the ledger next, which job to start or to
// cancel, how long to wait. It knows no session, no thread and no clock; whoever drives it carries
// its steps out and tells it what came of them: the runner for real, a simulation through years.
#pragma once
#include <deque>
#include <exception>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "jobs/run.hpp"
#include "ledger/ledger.hpp"
#include "model/configuration.hpp"

namespace pgtend::jobs {

// What came up in a tick, to be told while it lasts: nobody keeps what a runner of a year did.
struct tick_news {
    // In the order of their ends; also those of dead runners that were found lost.
    std::vector<run_report> runs = {};
    std::vector<ledger::ledger::skip> skipped = {};
    std::vector<std::string> registered = {}; // new jobs: they start from now
    std::vector<std::string> warnings = {};
    std::vector<std::string> notes = {}; // good news
    bool empty() const noexcept;
};

// What a tick came to.
struct tick_report {
    bool failed = false;    // some run failed, timed out or was lost
    bool broken = false;    // some run was ended by somebody else
    bool unreached = false; // some run had no session for its work
    bool interrupted = false;
    bool no_sessions = false; // due slots were left, because none could be had for a while
    void count(run_report const &run);
    // 0; 1 when a run failed, timed out, was lost or ended by somebody else; 4 when that was only
    // because no work session could be had; 130. Findings alone do not change it.
    exit_code code() const;
};

// One call of the ledger each, under the same names.
namespace question {
struct read {}; // of all jobs of the configuration
struct mark_lost {};
struct register_jobs {
    std::vector<ledger::ledger::registration> jobs;
};
struct record_skipped {
    std::vector<ledger::ledger::skip> slots;
};
struct claim_slots {
    std::vector<ledger::slot_request> wanted;
};
struct claim_manual {
    std::string job;
};
struct renew {
    std::vector<ledger::claim> held;
};
struct finish {
    ledger::claim held;
    ledger::finished_run how;
};
struct heartbeat {
    std::optional<instant> evaluated; // nothing: due slots were left, because of a signal
};
struct purge {
    long long limit;
    std::vector<std::string> jobs; // that gained rows
};
struct newest_runs { // of jobs whose watermark lies in the future
    std::vector<ledger::slot_bound> asked;
};
struct note_sessions {
    bool had;
    int failures; // as they were seen
};
using any = std::variant<read, mark_lost, register_jobs, record_skipped, claim_slots, claim_manual,
                         renew, finish, heartbeat, purge, newest_runs, note_sessions>;
} // namespace question

// What `read`, `mark_lost`, `claim_slots` and `claim_manual` (one claim), `renew`, `finish` and
// `newest_runs` return; nothing for the others.
using answer = std::variant<std::monostate, ledger::overview, std::vector<ledger::lost_run>,
                            std::vector<ledger::claim>, std::vector<bool>, ledger::streak,
                            std::vector<ledger::newest_run>>;

namespace step {
// Begins work on a claimed job; its end is told by dispatcher::ended().
struct start {
    ledger::claim held;
};
// Cancels the running statement of this run; it still ends by ended().
struct cancel {
    long long run;
};
// Nothing to do until something is told, a signal comes, or this time.
struct wait {
    std::optional<clock::monotonic> until;
};
// Everything is recorded; report() and news() are complete.
struct done {};
using any = std::variant<question::any, start, cancel, wait, done>;
} // namespace step

struct dispatcher_options {
    int max_parallel = 2; // jobs side by side, 1 to 64
    // Moves slots only; refused (usage_error) unless the ledger was made for tests.
    std::optional<instant> now = {};
    microseconds stop_timeout = seconds{60}; // how long running work may go on after a stop
    std::string by_hand = {};                // run this job now, and nothing else
};

class dispatcher {
  public:
    // `all` outlives it.
    dispatcher(model::configuration const &all, dispatcher_options options);

    // The driver's present: its monotonic clock, and the signals so far.
    struct present {
        clock::monotonic steady;
        bool stop = false;  // nothing new is begun; what runs has stop_timeout to finish
        bool abort = false; // running statements are cancelled
    };
    // Asked again after each step but `done`. At most one question is open at a time; while one is,
    // jobs are started and cancelled all the same.
    step::any next(present const &at);
    void answered(answer what, present const &at);
    // The question could not be answered, also not on a second session. What was thrown decides:
    // lease_lost of a finish is a run's end like another; a renewal is tried again while the lease
    // lasts; anything else lets running jobs end, begins nothing more, and is kept in failure().
    void failed(std::exception_ptr why);
    // A started job has got its session.
    void connected(long long run);
    // A started job is over. `report` has what the work knows; slot, attempt, id and lateness are
    // filled in here, and the status where the lease was lost meanwhile.
    void ended(long long run, run_report report);

    // What is new: whoever drives takes it away after each step.
    tick_news &news() noexcept { return news_; }
    // Valid at any time, complete after `done`.
    tick_report const &report() const noexcept { return report_; }
    // Set when the ledger could not be asked any more; rethrown by the driver after `done`.
    std::exception_ptr failure() const noexcept { return failure_; }
    // How many jobs are at work.
    std::size_t working() const noexcept { return members_.size(); }

  private:
    friend struct inspector; // of the simulation, which has to tell states apart
    struct member {
        ledger::claim held;
        instant found; // when it was found due, by the clock of slots
        clock::monotonic sure_until;
        bool lease_over = false, cancelled = false;
    };
    struct over {
        ledger::claim held;
        run_report report;
    };

    void obey(present const &at);
    std::optional<question::any> ask(present const &at);
    std::optional<question::any> close();
    question::purge purge();
    clock::monotonic wake_at(present const &at) const;
    bool look_is_due(present const &at) const;
    void forget_tried(ledger::job_state const &state);
    void surveyed(ledger::overview seen, present const &at);
    void decide_all(ledger::overview const &seen);
    std::size_t lanes(present const &at) const;
    bool may_claim(ledger::overview const &seen);
    void tell_breaker(question::finish const &end, ledger::streak const &failures);
    void warn_if_open(std::string const &job, int failures);
    void no_session();
    bool blameless(run_report const &report) const;
    void tell_lost(std::vector<ledger::lost_run> const &runs);
    void claimed(std::vector<ledger::claim> const &claims);
    void renewed(question::renew const &asked, std::vector<bool> const &ours);
    void finished();
    void tell(run_report report);
    void warn_of(ledger::overview const &seen, bool left);
    zone const &zone_of(std::string const &name);

    model::configuration const &all_;
    dispatcher_options options_;
    std::map<std::string, zone> zones_ = {};
    tick_report report_ = {};
    tick_news news_ = {};
    std::set<std::string> standing_ = {}; // warnings of the last survey: told once while they last

    std::optional<question::any> open_ = {};
    clock::monotonic asked_at_{}; // when open_ was given out
    std::exception_ptr failure_ = {};

    std::deque<question::any> follow_ = {}; // what the survey found has to be written
    std::deque<ledger::slot_request> due_ = {};
    // What was left open waits for the next tick.
    std::set<std::pair<std::string, instant>> tried_ = {};
    std::optional<ledger::overview> seen_ = {}; // not decided yet: what was run has to be asked for
    instant now_{};                             // of slots, at the last survey
    clock::monotonic surveyed_at_{};
    bool surveyed_ = false, fresh_ = false; // fresh: no job ended since
    bool claimed_by_hand_ = false, told_set_back_ = false;
    // Work sessions: how often in a row none could be had, as the ledger knew; whether one could
    // now.
    int connect_failures_ = 0;
    bool had_session_ = false, without_sessions_ = false;
    bool left_ = false;            // due slots of the last survey, because of that
    bool probing_ = false;         // the first job that gets one lets others go on
    std::size_t most_crowded_ = 1; // jobs side by side while sessions are scarce
    clock::monotonic crowded_until_{};
    clock::monotonic steady_{}; // at the last step

    std::deque<ledger::claim> to_start_ = {};
    std::vector<member> members_ = {};
    std::deque<long long> to_cancel_ = {};
    std::deque<over> ended_ = {};
    clock::monotonic claimed_at_{}; // of what is in to_start_
    clock::monotonic next_renewal_{};
    std::optional<clock::monotonic> stop_seen_ = {};
    bool beaten_ = false;
    std::deque<std::string> grown_ = {}; // jobs, for each row that the history gained
};

} // namespace pgtend::jobs
