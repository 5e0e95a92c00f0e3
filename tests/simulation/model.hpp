// SPDX-License-Identifier: Apache-2.0
// The ledger without a server: what sql/ledger_*.sql do to the rows of schema pgtend, in memory.
// conformance_test.cpp holds it against the real one. A value: a copy is a world of its own.
#pragma once
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "ledger/ledger.hpp"

namespace pgtend::simulation {

// Defects that can be planted, to see that they are found.
enum class bug {
    none,
    no_fence,          // work transactions do not begin with the fence
    claim_after_work,  // the claim is written together with the end of the work
    watermark_by_lock, // a claim does not move the watermark: the lease alone keeps others out
    same_token,        // a takeover leaves the token as it is
    finish_by_run,     // takeovers wait for work, and a finish asks the run row whether it may
    no_failures,       // a failed run is not counted: no breaker ever opens
    step_unchecked,    // after the clock was set back nobody looks at what was run
};

struct backend {
    int pid = 0;
    instant start{};
    friend bool operator==(backend const &, backend const &) = default;
};

struct lease_row {
    long long token = 0;
    std::string holder = {}; // empty: null
    std::optional<instant> lease_until = {};
    std::vector<backend> workers = {}; // backend_pids, backend_starts
    std::optional<instant> last_slot = {}, open_slot = {};
    int open_attempts = 0;
    bool open_begun = true;
    std::optional<ledger::run_status> open_status = {}, last_status = {};
    std::optional<instant> finished_at = {};
    int failures = 0;
    std::optional<instant> failed_at = {};
    std::string schedule = {}, time_zone = {}, kind = {};
    std::optional<instant> counts_from = {};
    bool paused = false;
    std::string paused_because = {};
    // No columns: the locks on the row, of sessions with an open transaction.
    std::vector<int> key_shares = {}; // FOR KEY SHARE, by the fence
    bool for_update = false;          // by a claim that is not committed yet
};

struct run_row {
    std::string job;
    std::optional<instant> slot;
    int attempt = 1;
    std::optional<long long> token;
    ledger::run_status status = ledger::run_status::running;
    std::string holder;
    instant started{};
    std::optional<instant> finished;
    long long rows = 0;
    std::string error, sqlstate, hint, output;
};

struct runner_row {
    std::string config_hash, holder;
    instant heartbeat{};
    std::optional<instant> evaluated_at;
};

// Operations have the names, answers and exceptions of ledger::ledger. Each is atomic; of those
// that wait for a lock in reality, waits() tells whether they would, and the caller comes later.
class ledger_model {
  public:
    explicit ledger_model(bug planted = bug::none) : planted_{planted} {}

    instant now{}; // the server's clock
    bool all_paused = false;
    int connect_failures = 0;
    std::optional<instant> connect_failed_at = {};
    std::map<int, instant> backends = {}; // that live: pid, start
    std::map<std::string, lease_row> leases = {};
    std::map<long long, run_row> runs = {};                                 // by id
    std::map<std::pair<std::string, std::string>, runner_row> runners = {}; // host, file

    ledger::overview read(std::span<std::string const> jobs,
                          ledger::runner_identity const &who = {}) const;
    std::vector<ledger::newest_run> newest_runs(std::span<ledger::slot_bound const> asked) const;
    void register_jobs(std::span<ledger::ledger::registration const> jobs);
    std::vector<ledger::claim> claim_slots(std::span<ledger::slot_request const> wanted,
                                           ledger::runner_identity const &who);
    ledger::claim claim_manual(std::string const &job, ledger::runner_identity const &who);
    void record_skipped(std::span<ledger::ledger::skip const> slots);
    std::vector<bool> renew(std::span<ledger::claim const> held);
    ledger::streak finish(ledger::claim const &held, ledger::finished_run const &how);
    void note_backend(ledger::claim const &held, int pid);
    std::vector<ledger::lost_run> mark_lost();
    void heartbeat(ledger::runner_identity const &who, std::optional<instant> evaluated = {});
    void pause(std::string const &job, bool paused, std::string const &because);
    std::vector<ledger::ledger::forgotten> reset(std::span<std::string const> jobs);
    void note_sessions(bool had, int failures);
    long long purge(long long limit, std::span<std::string const> jobs);

    // claim_slots() in two steps, as others see it: the rows that are due are locked, and then
    // written and committed.
    std::vector<ledger::slot_request> lock_due(std::span<ledger::slot_request const> wanted,
                                               ledger::runner_identity const &who);
    std::vector<ledger::claim> take(std::span<ledger::slot_request const> locked,
                                    ledger::runner_identity const &who);
    // What is locked may be written: always, unless a defect is planted.
    bool may_take(std::span<ledger::slot_request const> locked) const;
    // A claim is under way on the row: a fence, finish, renewal, skip or note has to wait.
    bool waits(std::string const &job) const;

    // The fence, in the transaction of `session`, which then holds FOR KEY SHARE until release().
    bool fence(ledger::claim const &held, int session);
    void release(int session);

    bool lives(std::vector<backend> const &workers) const; // one of them

    bug planted() const noexcept { return planted_; }

  private:
    bool over(lease_row const &l) const { return l.lease_until && *l.lease_until < now; }
    bool locked(lease_row const &l) const { return l.for_update || !l.key_shares.empty(); }
    // Held until later than a lease can last: the clock was set back.
    bool too_long(lease_row const &l) const
    {
        return l.lease_until && *l.lease_until > now + ledger::ledger::ttl + ledger::ledger::margin;
    }
    // Some run of the slot is known.
    bool was_run(std::string const &job, instant slot) const;
    void count_failure(lease_row &l) const;
    lease_row *owned(ledger::claim const &held);
    std::vector<ledger::lost_run> lose(std::string const &job, long long token,
                                       std::string const &why);
    ledger::claim begin_run(std::string const &job, std::optional<instant> slot, int attempt,
                            long long token, std::string const &holder);

    bug planted_;
    long long next_run_ = 1;
    std::set<long long> running_ = {};        // of runs
    std::map<std::string, int> history_ = {}; // runs by job
};

} // namespace pgtend::simulation
