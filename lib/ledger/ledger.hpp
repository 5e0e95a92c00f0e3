// SPDX-License-Identifier: Apache-2.0
// Claims, leases, fencing tokens, run history: rows in the schema pgtend, timed by the server's clock. The server is the only
// coordinator: any number of runners on any number of machines may share one database.
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

// One job's row as the overview reads it.
struct job_state {
    std::string job;
    bool known = false; // false: no row yet (a new job)
    std::optional<instant> last_slot;     // watermark: nothing up to here is due any more
    std::optional<instant> open_slot;     // claimed and not finished
    std::optional<instant> evaluated_at;  // until when the schedule was evaluated
    std::string schedule, time_zone;      // as last evaluated
    std::string holder;                   // empty: nobody
    std::optional<instant> lease_until;
    bool paused = false;
    int open_attempts = 0;                // runs of open_slot so far
    std::optional<run_status> open_status = {}; // of the last run of open_slot
    std::optional<instant> finished_at = {};    // of the last run that ended
};

struct overview {
    instant server_time{};
    int schema_version = 0;
    bool test_clock = false;
    bool all_paused = false;
    std::vector<job_state> jobs; // in the order asked for
    std::vector<std::string> other_configurations; // other runners seen lately with another file's fingerprint: "host-b (kwenda.yaml)"
};

struct slot_request {
    std::string job;
    std::optional<instant> slot; // nothing: a run by hand
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
    std::string error, sqlstate, hint, output; // stored capped, valid UTF-8
    bool keep_open = false;                    // the slot may be claimed again (interrupted)
};

struct runner_identity {
    std::string holder;      // "host/pid/random", at most 200 bytes
    std::string host;
    std::string config_file;
    std::string config_hash; // of what decides schedules
};

struct history_filter {
    std::string job;               // empty: all
    std::optional<run_status> status = {};
    std::optional<instant> since = {};
    int limit = 50;
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

class ledger {
  public:
    static constexpr seconds ttl{30};
    static constexpr seconds renew_every{10};
    static constexpr seconds margin{5};

    // Uses the control session; does not own it. No round trip.
    explicit ledger(pg::session &control);

    // One round trip. Throws usage_error naming `pgtend init` when there is no ledger, or when it is newer than this program,
    // or when this database is a copy that was not adopted.
    overview read(std::span<std::string const> jobs);

    // New jobs start from now; a changed schedule or zone is noted together with the instant up to which it was evaluated.
    struct registration {
        std::string job, schedule, time_zone, kind;
        std::optional<instant> evaluated_at; // nothing: a new job, from the server's now
    };
    void register_jobs(std::span<registration const> jobs);

    // One durable statement: who gets what. What a dead holder left running is marked lost. Never waits for another claim.
    // Returns only what was got.
    std::vector<claim> claim_slots(std::span<slot_request const> wanted, runner_identity const &who);
    // A run by hand. Throws error with exit_code::held, naming the holder, when another run has the job.
    claim claim_manual(std::string const &job, runner_identity const &who);
    // Watermark advanced, a run row with status skipped and the reason.
    struct skip {
        std::string job;
        instant slot;
        std::string reason;
    };
    void record_skipped(std::span<skip const> slots);

    // One statement for all. False where the lease is no longer ours.
    std::vector<bool> renew(std::span<claim const> held);
    // Throws lease_lost when the token is no longer ours; the run row then is what the one who took over made of it.
    void finish(claim const &held, finished_run const &how);
    // What a non-transactional run needs for its takeover: the backend that does the work.
    void note_backend(claim const &held, int backend_pid);

    void heartbeat(runner_identity const &who);
    void pause(std::string const &job, bool paused, std::string const &because); // job empty: all
    std::vector<history_row> history(history_filter const &filter);
    // Runs older than 30 days or beyond 1,000 a job, at most `limit` rows a call; returns how many went.
    long long purge(long long limit);

  private:
    pg::session &control_;
};

// The fence of a claim: `SELECT ... FOR KEY SHARE`, returning no row once another run took over.
struct fence_statement {
    std::string sql;
    std::vector<param> parameters;
};
fence_statement fence_of(claim const &held);

} // namespace pgtend::ledger
