// SPDX-License-Identifier: Apache-2.0
// Claims, leases, fencing tokens, run history: rows in the schema pgtend, timed by the server's
// clock. The server is the only coordinator: any number of runners on any number of machines may
// share one database.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "pg/session.hpp"

namespace pgtend::ledger {

enum class run_status { running, succeeded, failed, skipped, lost, interrupted, timed_out };
std::string_view name(run_status status);
run_status parse_run_status(std::string_view text);

// What was really run, for a job whose watermark lies in the future: the server's clock was set
// back.
struct slot_bound {
    std::string job;
    instant upto; // no slot after this
};
struct newest_run {
    std::string job;
    std::optional<instant> slot; // nothing: no run is known
    long long token = 0;         // while it is still this one nobody took the job since
};

// One job's row as the overview reads it.
struct job_state {
    std::string job;
    // False: never registered (a new job); it may have been paused or run by hand all the same.
    bool known = false;
    // Watermark: nothing up to here is due any more. A schedule that is as noted is asked for slots
    // after this.
    std::optional<instant> last_slot;
    std::optional<instant> open_slot; // claimed and not finished
    // Until when the schedule was last evaluated, by this file or what stood in its place before. A
    // schedule that differs from the noted one is asked for slots after this and after last_slot,
    // and registered with this instant.
    std::optional<instant> evaluated_at;
    std::string schedule, time_zone; // as last evaluated
    std::string holder;              // empty: nobody
    std::optional<instant> lease_until;
    bool paused = false;
    int open_attempts = 0;  // runs of open_slot so far that began their work
    bool open_begun = true; // false: the last of them did not
    // Of the last run of open_slot: running, or lost (also when its lease is over and nobody has
    // taken over yet), interrupted.
    std::optional<run_status> open_status = {};
    std::optional<instant> counts_from = {};    // of the schedule: part of last_slot
    std::optional<instant> finished_at = {};    // of the last run that ended
    std::optional<run_status> last_status = {}; // of the last run that ended
    std::string paused_because = {};
    // Failed runs since one succeeded, and when the last of them ended. A run by hand that fails,
    // and one whose runner was told to stop, do not count.
    int failures = 0;
    std::optional<instant> failed_at = {};
    // Not read with the rest: see ledger::newest_runs().
    std::optional<newest_run> ran = {};
};

struct overview {
    instant server_time{};
    int schema_version = 0;
    bool test_clock = false;
    bool all_paused = false;
    std::vector<job_state> jobs; // in the order asked for
    // Other runners seen in the last 10 minutes with another file's fingerprint: "host-b
    // (kwenda.yaml)".
    std::vector<std::string> other_configurations;
    std::string all_paused_because = {};
    // Until when the schedules of the asking runner's file were evaluated: on its host, else
    // elsewhere with the same content, else by whoever came last.
    std::optional<instant> evaluated_at = {};
    // Of all jobs: held, but not renewed in time, or until later than a lease can last, because the
    // clock was set back. mark_lost() frees them, or cuts them.
    int dead_leases = 0;
    // Ticks in a row that had no session for the work of jobs, and when the last of them noticed.
    int connect_failures = 0;
    std::optional<instant> connect_failed_at = {};
};

struct slot_request {
    std::string job;
    std::optional<instant> slot; // nothing: a run by hand
    bool again = false;          // the open slot, which a lost or interrupted run left
    // For a slot before the watermark, see newest_run.
    std::optional<long long> token = {};
    // Not granted when the job has failed more often in a row since.
    std::optional<int> failures = {};
};

// A run whose runner stopped renewing its lease.
struct lost_run {
    std::string job;
    std::optional<instant> slot; // nothing: a run by hand
    int attempt = 1;
    long long run = 0;
    std::string holder;
    int failures = 0; // of its job in a row, with this one
};

// How often in a row a job had failed before a run ended, and has with it: job_state::failures.
struct streak {
    int before = 0;
    int now = 0;
};

// The right to work on one job, proven in every transaction by its token.
struct claim {
    std::string job;
    std::optional<instant> slot;
    long long token = 0;
    long long run = 0; // id of the run row
    int attempt = 1;
};

struct finished_run {
    run_status status = run_status::succeeded;
    long long rows = 0;
    std::string error = {}, sqlstate = {}, hint = {}, output = {}; // stored capped, valid UTF-8
    // The slot may be claimed again (interrupted); ignored with succeeded and skipped.
    bool keep_open = false;
    // False: nothing of the job's work was sent, so that the run counts as no attempt and repeating
    // the slot is safe for every kind.
    bool begun = true;
    // A noted backend may still work, because its session was lost: while one lives nobody gets the
    // job.
    bool left_backend = false;
    // Whatever the status, it says nothing against the job: no failure more in a row.
    bool blameless = false;
};

struct runner_identity {
    std::string holder; // "host/pid/random", at most 200 bytes
    std::string host;
    std::string config_file;
    std::string config_hash; // of what decides schedules
};

struct history_filter {
    std::string job = {}; // empty: all
    std::optional<run_status> status = {};
    std::optional<instant> since = {}; // started at or after
    int limit = 50;
    std::optional<instant> until = {};     // started before
    std::optional<microseconds> took = {}; // at least so long; one that goes on: until now
    // In place of `status`: those that did not come to a good end (failed, timed out, lost,
    // interrupted).
    bool failed = false;
};

struct history_row {
    long long run = 0;
    std::string job;
    std::optional<instant> slot;
    int attempt = 1;
    run_status status{};
    instant started{};
    std::optional<instant> finished;
    long long rows = 0;
    std::string holder, error, sqlstate, hint, output;
};

// How the runs of a job went.
struct job_statistics {
    std::string job;
    long long runs = 0; // of any status: the sum of the seven below
    long long succeeded = 0, failed = 0, timed_out = 0, lost = 0, interrupted = 0;
    long long skipped = 0, running = 0;
    long long rows = 0;
    // Of the runs that succeeded, failed or timed out, the value of one of them (percentile_disc);
    // nothing: there is none.
    std::optional<microseconds> p50 = {}, p95 = {}, p99 = {}, longest = {};
    std::optional<instant> last_started = {}; // skipped ones aside
    // The last one that failed, timed out, was lost or interrupted.
    std::optional<instant> last_failure = {};
    std::optional<run_status> last_failure_status = {};
    std::string last_failure_error = {};
};

// Whether anybody looks at the schedule.
struct health {
    instant created{};                     // the ledger, by pgtend init
    std::optional<instant> heartbeat = {}; // of the runner that was seen last
};

// A lease that is over, and a backend noted for it that still lives: nobody takes over.
struct guarded_lease {
    std::string job, holder;
    instant lease_until{};
    int backend_pid = 0;
};

// What a job of the kind `check` found.
struct kept_check {
    std::string job, profile;
    std::optional<instant> taken = {}; // by the server's clock, when it was kept
    int errors = 0, warnings = 0, infos = 0, skipped = 0;
    struct finding {
        std::string check, severity, object, detail, message;
    };
    std::vector<finding> findings = {};
};

class ledger {
  public:
    static constexpr seconds ttl{30};
    static constexpr seconds renew_every{10};
    static constexpr seconds margin{5};
    // A clock may be set back this far without notice.
    static constexpr seconds clock_tolerance{60};

    // Uses the control session; does not own it. No round trip.
    // Each call below is one statement, atomic, timed by the server's clock, safe under any
    // search_path and through a transaction pooler; it is one round trip, and may be repeated when
    // its answer was lost with the connection. All of them throw usage_error when there is no
    // ledger, when it has another version, or when a privilege is missing; connect_error on a
    // standby; connection_lost.
    // `limit` holds for each call: none waits long for others, so that a limit of some seconds
    // tells a server that hangs (timed_out, or connection_lost after the grace).
    explicit ledger(pg::session &control, pg::limits limit = {});

    // Everything that decides what is due. Takes no lock beyond ACCESS SHARE. `who` (optional)
    // decides what other_configurations and evaluated_at are seen from. Throws usage_error naming
    // `pgtend init` when there is no ledger, or when it is newer than this program, or when this
    // database is a copy that was not adopted (system identifier or database oid differ; the first
    // is compared only where the role may read it).
    // `answered`: what reading() returned in this session already; then nothing is asked.
    overview read(std::span<std::string const> jobs, runner_identity const &who = {},
                  std::span<rows const> answered = {});
    // The queries of read(), for one who sends them with another, in one snapshot.
    static std::string reading();

    // What was run of each of these jobs, up to its instant. Jobs that the ledger does not know are
    // left out.
    std::vector<newest_run> newest_runs(std::span<slot_bound const> asked);

    struct registration {
        std::string job, schedule, time_zone, kind;
        // From when the schedule counts, slots after it are due: nothing means the server's now (a
        // new job); for a changed schedule or zone job_state::evaluated_at, so that a change just
        // before a slot does not lose it.
        std::optional<instant> evaluated_at;
    };
    // Each job once. What is noted already stays as it is, but counts from the earlier instant.
    // Waits for other registrations only.
    void register_jobs(std::span<registration const> jobs);

    // Who gets what, durable before it returns; each job once. A slot is given when it is newer
    // than the watermark, or the open one and asked for as such, or asked for with the job's token
    // and not run yet, and nobody has the job or its lease is over, no backend noted for it lives,
    // and neither it nor all are paused. What a dead holder left running is marked lost. Never
    // waits: a job that another claim, or the fence of a work transaction, has locked is
    // not got. Returns only what was got. A request without a slot is a run by hand. A holder that
    // asks for the very slot it has gets it anew (its first answer was lost): so `who.holder` must
    // be unique.
    std::vector<claim> claim_slots(std::span<slot_request const> wanted,
                                   runner_identity const &who);
    // A run by hand, also of a paused or unregistered job; the watermark and an open slot stay as
    // they are. Never waits. Throws error with exit_code::held, naming the holder, when another run
    // has the job.
    claim claim_manual(std::string const &job, runner_identity const &who);
    // Watermark advanced, a run row with status skipped, attempt 0 and the reason; nothing for
    // slots that are not newer than the watermark, so that of two runners one records it.
    struct skip {
        std::string job;
        instant slot;
        std::string reason;
    };
    void record_skipped(std::span<skip const> slots);

    // One statement for all, in the order given. False where the lease is no longer ours. Does not
    // wait for work transactions.
    std::vector<bool> renew(std::span<claim const> held);
    // Throws lease_lost when the token is no longer ours; the run row then is what the one who took
    // over made of it. `how` must not be running or lost. Repeated, it knows only how it is now.
    streak finish(claim const &held, finished_run const &how);
    // What a non-transactional run needs for its takeover: one more backend that does its work, as
    // pg_backend_pid() says it; 0: none any more. While one of them lives nobody takes over. Throws
    // lease_lost; error when the server has no such backend.
    void note_backend(claim const &held, int backend_pid);
    // Frees leases that are over, raising their tokens, and marks their runs lost; the slots stay
    // open. Returns those runs, each of them to one caller only. Leaves alone what a work
    // transaction's fence or a living backend still guards. For jobs that nobody claims again. Each
    // of them is a failure of its job. Leases that end later than they can, because the clock was
    // set back, are cut to what is left of one that was renewed now.
    std::vector<lost_run> mark_lost();

    // Notes that this runner lives and, when given, until when it evaluated its schedules
    // (overview::server_time, or --now). Does not wait for the disk.
    void heartbeat(runner_identity const &who, std::optional<instant> evaluated = {});
    void pause(std::string const &job, bool paused, std::string const &because); // job empty: all
    // Forgets the failures and the attempts at an open slot of these jobs; of all when none is
    // named, and then also that no session could be had for their work. Returns what was forgotten,
    // in the order of the names; jobs that the ledger does not know are left out.
    struct forgotten {
        std::string job;
        int failures = 0, open_attempts = 0;
    };
    std::vector<forgotten> reset(std::span<std::string const> jobs);
    // A session for the work of jobs could be had, or could not. `failures` are those that
    // overview::connect_failures told: of several runners that saw the same one adds to them.
    void note_sessions(bool had, int failures);
    // Newest first. `failed` asks once for each status.
    std::vector<history_row> history(history_filter const &filter);
    // By the job's name, of runs that started in [since, until); jobs without one are left out. Of
    // the filter only job, since and until count. About a second for a million runs.
    std::vector<job_statistics> statistics(history_filter const &filter);
    // The newest run of each of these jobs, skipped ones left out, or the newest that succeeded; in
    // no order, and none for a job without such a run.
    std::vector<history_row> last_runs(std::span<std::string const> jobs);
    std::vector<history_row> last_successes(std::span<std::string const> jobs);
    health read_health();
    // By job; sees backends of other roles by their number alone, unless the role has
    // pg_read_all_stats.
    std::vector<guarded_lease> guarded_leases();
    // The newest of this profile (empty: of none), of whatever job; nothing: there is none.
    std::optional<kept_check> last_check(std::string const &profile);
    // Runs older than 30 days, and those of `jobs` beyond the newest 1,000 of each, at most `limit`
    // rows a call; returns how many went. Never a running one. Costs 1,000 index entries a job. The
    // 30 days count back from the newest run that is a day old: a clock that leaps ahead has a day
    // to be set right.
    long long purge(long long limit, std::span<std::string const> jobs);

  private:
    rows ask(std::string_view sql, std::vector<param> const &parameters = {});

    pg::session &control_;
    pg::limits limit_;
};

// The fence of a claim: `SELECT ... FOR SHARE`, first statement of each work transaction, before
// any SET LOCAL ROLE. Returns no row once another run took over; at REPEATABLE READ it fails with
// 40001 when it meets a takeover. It needs a READ WRITE transaction (25006 otherwise) and UPDATE on
// one column of pgtend.fence.
struct fence_statement {
    std::string sql;
    std::vector<param> parameters;
};
fence_statement fence_of(claim const &held);

// Keeps what was found, and of each job the newest 100: for the work transaction of its run.
// Findings after the first 5,000 are left out, texts are cut at 1,000 bytes.
struct keep_readiness {
    std::string sql;
    std::vector<param> parameters;
};
keep_readiness keep_statement(kept_check const &found);

} // namespace pgtend::ledger
