// SPDX-License-Identifier: Apache-2.0
// What must hold whatever happens, checked while it happens. It keeps its own account of who has a
// job and what was done, and believes no column of the ledger.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "model.hpp"
#include "model/job.hpp"

namespace pgtend::simulation {

class violation : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

// All of its members throw violation.
class referee {
  public:
    struct slot_account {
        int claims = 0;
        bool closed = false;     // a run of it ended, and did not leave it open
        bool succeeded = false;  // as the ledger was told
        long long worked_by = 0; // the run that began work last
        std::uint64_t done = 0;  // bit n: batch n
    };
    struct job_account {
        long long owner = 0; // run of the last claim
        std::string holder = {};
        long question = 0;
        std::optional<instant> slot = {};
        long long token = 0;
        std::optional<instant> watermark = {};
        std::map<instant, slot_account> slots = {};
        std::map<int, long long> outside = {}; // backends at work outside transactions, their runs
        int failures = 0;                      // in a row; those of lost runs are left out
        std::optional<instant> failed_at = {};
        // Of the lease: until when the ledger says, when that changed last, and when it was last
        // seen that nobody else could have it.
        std::optional<instant> until = {};
        instant sign_of_life{}, barred{};
    };

    // After each statement that may write.
    void watch(ledger_model const &after);
    // question: its number among those of the holder; the same when no answer came to it.
    void claimed(std::vector<ledger::claim> const &got, std::string const &holder, long question,
                 instant now);
    // At any time, often. Both by a clock that nobody sets: since `ready` a runner begins each
    // minute, and nothing keeps it from the ledger.
    void expect_takeover(ledger_model const &kept, instant ready, instant now);
    // The server's clock was set, and shows this: what was decided before is still under way.
    void clock_set(instant now);
    // A statement of work is carried out.
    void began(ledger::claim const &held, bool idempotent);
    // A work transaction, or a statement outside of one, is carried out. `token` is the lease's.
    void committed(ledger::claim const &held, int batch, long long token);
    void finished(ledger::claim const &held, ledger::finished_run const &how, instant now);
    void outside_begins(ledger::claim const &held, int pid);
    void outside_ends(std::string const &job, int pid);

    bool done(ledger::claim const &held, int batch) const;
    std::map<std::string, job_account> jobs = {};
    std::map<std::string, model::breaker_policy> breakers = {}; // of jobs, none: not checked
    long tries = 0, openings = 0;                               // after a pause; of breakers

  private:
    void check_pause(ledger::claim const &got, job_account const &mine, instant now);

    instant latest_{}; // that the server's clock has shown
    std::optional<instant> set_at_ = {};
};

} // namespace pgtend::simulation
