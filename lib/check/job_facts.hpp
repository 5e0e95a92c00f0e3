// SPDX-License-Identifier: Apache-2.0
// What the schedule and the ledger say of the jobs of a file. Plain data.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/position.hpp"

namespace pgtend::check {

// What the ledger holds of one job.
struct job_record {
    bool known = false;  // a runner has registered it
    bool paused = false; // it, or all of them
    std::string paused_because = {};
    bool failed = false; // its last run did not come to a good end
    std::string last_status = {}, last_error = {};
    std::optional<instant> last_finished = {};
    // The first slot that was due and that nobody took, and how much later than it should have
    // begun it is now. Nothing: nothing is due, or a run goes on.
    std::optional<instant> waiting = {};
    microseconds late{0};
    // 95 of 100 runs of the last 7 days took at most so long; nothing: there were fewer than
    // `fewest_runs`.
    std::optional<microseconds> p95 = {};
};
constexpr long long fewest_runs = 5;

// One enabled job.
struct job_fact {
    std::string name;
    microseconds interval{0}; // the shortest time between two of its next slots; 0: there is one
    microseconds limit{0};    // of a run; 0: none
    std::string never = {};   // why it never runs; empty: it does
    // What may not be meant by its schedule, and what to write instead.
    struct doubt {
        std::string message, hint;
    };
    std::vector<doubt> doubts = {};
    job_record record = {};
    source_position at = {}; // in the file
};

// Two jobs that are at work on one table at the same time, within the next 7 days.
struct job_collision {
    std::string one, other, table;
    long long times = 0;
    instant first{};
};

// A lease that is over, whose backend still works: nobody takes the job over.
struct guarded_lease {
    std::string job, holder;
    instant until{};
    int backend = 0; // its pid
};

struct job_facts {
    bool declared = false; // there is a file
    std::vector<job_fact> jobs = {};
    std::vector<job_collision> collisions = {};
    // Why the ledger cannot be read, and what that needs; empty: it was read.
    std::string no_ledger = {};
    instant now{};                         // the server's time
    instant ledger_made{};                 // by pgtend init
    std::optional<instant> heartbeat = {}; // of the runner that was seen last
    std::vector<guarded_lease> leases = {};
    std::vector<std::string> partman_tables = {}; // that pg_partman maintains
    microseconds clock_skew{0};                   // this host's clock minus the server's
};

} // namespace pgtend::check
