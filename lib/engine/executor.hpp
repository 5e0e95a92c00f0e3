// SPDX-License-Identifier: Apache-2.0
// Runs plans: for real, as a dry run that prints, or recording for tests. Nothing else asks for
// --dry-run.
#pragma once
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/backoff.hpp"
#include "base/clock.hpp"
#include "base/error.hpp"
#include "pg/connect.hpp"
#include "pg/session.hpp"
#include "plan/plan.hpp"

namespace pgtend::engine {

struct lock_policy {
    microseconds attempt =
        milliseconds{100}; // of one attempt, shared by the relations that it locks
    microseconds deadline = std::chrono::minutes{1}; // of all attempts of one transaction
};

struct retry_policy {
    int max = 5; // attempts after the first
    microseconds initial = seconds{1};
    microseconds ceiling = std::chrono::minutes{1};
};

// What every transaction of the work is set to, by SET LOCAL. Statements that cannot run in a
// transaction get it for the session, and it is reset after them.
struct work_settings {
    std::string time_zone = "UTC";
    std::optional<std::string> search_path = {}; // nothing: what role and database say
    bool row_security =
        false; // off: a policy that would hide rows is an error (42501), not a silent subset
    std::string role = {}; // SET LOCAL ROLE, after the fence; empty: the login
    microseconds statement_timeout{0};
    lock_policy lock = {};
    retry_policy retry = {};
};

// The opening statements of each writing transaction, before any SET LOCAL ROLE: the run's fence.
// One that returns no row means that another run took over: lease_lost, and nothing more is done.
struct fence {
    std::vector<plan::statement> opening;
};

enum class step_status { succeeded, failed, skipped };

struct step_result {
    std::string title = {}, object = {};
    step_status status = step_status::skipped;
    plan::tally tally = {};
    microseconds elapsed{0};
    int attempts = 0;                  // of the transaction that failed or succeeded last
    std::optional<error> problem = {}; // of a failed step; of a skipped one: why
};

// What ended a run before its plan was done.
enum class cause {
    interrupted,     // a stop was asked for
    timed_out,       // the deadline is over
    lease_lost,      // the fence returned no row: another run took over
    terminated,      // the server ended the session (57P01, 57P02: pg_terminate_backend, shutdown)
    session_lost,    // the connection broke; nothing of the running transaction was committed
    outcome_unknown, // the connection broke during COMMIT, and nobody could tell what became of it
    cannot_connect,  // no work session could be opened
};
std::string_view name(cause why); // "timed_out"

struct ending {
    cause why;
    error problem;
};

// What was committed stays committed and is told here, however the run ended.
struct result {
    std::vector<step_result> steps; // in the plan's order
    std::vector<std::string> notes;
    // Set: the run ended as a whole. The step it hit has failed with the same problem, those after
    // it are skipped.
    std::optional<ending> ended_by = {};
    // False: no statement that may change something was sent.
    bool begun = false;
    // A session broke while it worked: its backend may still do so.
    bool lost_session = false;

    bool succeeded() const; // the run was not ended, and no step failed or was skipped
    plan::tally total() const;
    // The first failure in the plan's order, else what ended the run, nullptr when there is
    // neither.
    error const *first_problem() const;
};

// Told while work goes on; called from worker threads, one call at a time. Must not throw.
class observer {
  public:
    virtual ~observer() = default;
    virtual void started(plan::step const &) {}
    virtual void progressed(plan::step const &, plan::tally const &) {}
    // Work that is tried again: why, and after which pause.
    virtual void retrying(plan::step const &, std::string const & /*why*/, microseconds /*pause*/)
    {
    }
    virtual void finished(step_result const &) {}
};

struct environment {
    // Opens one more work session; called once a worker, and again after a lost COMMIT was
    // resolved. From worker threads, one call at a time.
    std::function<pg::session()> open;
    clock &time;
    random_source random;
    work_settings settings = {};
    engine::fence fence = {};
    std::stop_token stop = {};
    // Monotonic end of the run (timeout or window); nothing: none. A statement that runs past it is
    // cancelled: timed_out.
    std::optional<clock::monotonic> deadline = {};
    microseconds time_limit{0}; // how long a run may take by that, for messages
    observer *watcher = nullptr;
    int workers = 1; // lanes side by side, each on its own session
    // Asked for: nothing new is begun, what runs goes on to its end (SIGTERM). `stop` cancels the
    // running statement.
    std::stop_token drain = {};
    // What became of a transaction (pg_current_xact_id) whose COMMIT was lost: pg::commit_status on
    // a new session. Committed: the run goes on; aborted: the work is tried again; unknown, or no
    // function: the run ends.
    std::function<pg::commit_outcome(std::string const &)> resolve = {};
    // Statements that cannot run in a transaction need settings of the session, which leak through
    // a pooler in transaction mode: they are refused there.
    bool transaction_pooler = false;
    // What a dry run's header calls the server: conninfo::display().
    std::string server = {};
};

class executor {
  public:
    virtual ~executor() = default;
    // Runs every step whose conditions hold, also after another one failed, and reports all of
    // them. What ends the run as a whole is not thrown but told by result::ended_by, so that what
    // was done until then is not lost.
    virtual result run(plan::plan work) = 0;
};

// Locks: looks whether nobody holds a conflicting one for long, tries shortly, goes away, comes
// back with jitter until the deadline; gives up as lock_busy, naming the holder (pid, application,
// since when, query if it may be seen). What is transient (40001, 40P01, 55P03, 53300, 57P03, 08
// before COMMIT) is retried by the policy; nothing else is. A WARNING or NOTICE that work was
// skipped is a failure.
std::unique_ptr<executor> real(environment around);

// Prints the plan as a psql script: the settings, each statement with its parameters as literals,
// its locks as a comment, and who holds a conflicting lock right now (asked in READ ONLY
// transactions on a session from `around.open`; without an `open` that part is left out). What a
// task repeats is printed as comments. A step that could not be done (plan::refused) has failed,
// every other has succeeded.
std::unique_ptr<executor> dry_run(environment around, std::ostream &out);

} // namespace pgtend::engine
