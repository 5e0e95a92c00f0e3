// SPDX-License-Identifier: Apache-2.0
// Runs plans: for real, as a dry run that prints, or recording for tests. Nothing else asks for --dry-run.
#pragma once
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/backoff.hpp"
#include "base/clock.hpp"
#include "base/error.hpp"
#include "pg/session.hpp"
#include "plan/plan.hpp"

namespace pgtend::engine {

struct lock_policy {
    microseconds attempt = milliseconds{100};        // lock_timeout of one attempt
    microseconds deadline = std::chrono::minutes{1}; // of all attempts of one step
};

struct retry_policy {
    int max = 5; // attempts after the first
    microseconds initial = seconds{1};
    microseconds ceiling = std::chrono::minutes{1};
};

// What every transaction of the work is set to, by SET LOCAL. Statements that cannot run in a transaction get it for the
// session, and it is reset after them.
struct work_settings {
    std::string time_zone = "UTC";
    std::optional<std::string> search_path = {}; // nothing: what role and database say
    bool row_security = false;                   // off: a policy that would hide rows is an error (42501), not a silent subset
    std::string role = {};                       // SET LOCAL ROLE, after the fence; empty: the login
    microseconds statement_timeout{0};
    lock_policy lock;
    retry_policy retry;
};

// The opening statements of each writing transaction, before any SET LOCAL ROLE: the run's fence. One that returns no row
// means that another run took over: lease_lost, and nothing more is done.
struct fence {
    std::vector<plan::statement> opening;
};

enum class step_status { succeeded, failed, skipped };

struct step_result {
    std::string title, object;
    step_status status = step_status::skipped;
    plan::tally tally;
    microseconds elapsed{0};
    int attempts = 0;                  // of the transaction that failed or succeeded last
    std::optional<error> problem = {}; // of a failed step; of a skipped one: why
};

struct result {
    std::vector<step_result> steps; // in the plan's order
    std::vector<std::string> notes;

    bool succeeded() const; // no step failed or was skipped
    plan::tally total() const;
    // The first failure in the plan's order, nullptr when there is none.
    error const *first_problem() const;
};

// Told while work goes on; called from worker threads, one call at a time.
class observer {
  public:
    virtual ~observer() = default;
    virtual void started(plan::step const &) {}
    virtual void progressed(plan::step const &, plan::tally const &) {}
    // Work that is tried again: why, and after which pause.
    virtual void retrying(plan::step const &, std::string const & /*why*/, microseconds /*pause*/) {}
    virtual void finished(step_result const &) {}
};

struct environment {
    // Opens one more work session; called once a worker.
    std::function<pg::session()> open;
    clock &time;
    random_source random;
    work_settings settings;
    engine::fence fence = {};
    std::stop_token stop = {};
    // Monotonic end of the run (timeout or window); nothing: none. A statement that runs past it is cancelled: timed_out.
    std::optional<clock::monotonic> deadline = {};
    observer *watcher = nullptr;
    int workers = 1; // lanes side by side, each on its own session
};

class executor {
  public:
    virtual ~executor() = default;
    // Runs every step whose conditions hold, also after another one failed, and reports all of them.
    // Throws what ends the run as a whole: connection_lost, outcome_unknown, lease_lost, interrupted, timed_out, connect_error.
    virtual result run(plan::plan work) = 0;
};

// Locks: looks whether nobody holds a conflicting one for long, tries shortly, goes away, comes back with jitter until the
// deadline; gives up as lock_busy, naming the holder (pid, application, since when, query if it may be seen).
// What is transient (40001, 40P01, 55P03, 53300, 57P03, 08 before COMMIT) is retried by the policy; nothing else is.
// A WARNING or NOTICE that work was skipped is a failure.
std::unique_ptr<executor> real(environment around);

// Prints the plan as a psql script: each statement, its locks as a comment, and who holds a conflicting lock right now
// (asked in READ ONLY transactions on a session from `around.open`; without an `open` that part is left out).
std::unique_ptr<executor> dry_run(environment around, std::ostream &out);

} // namespace pgtend::engine
