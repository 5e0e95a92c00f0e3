// SPDX-License-Identifier: Apache-2.0
// The runs of a file's jobs in a time to come, as decide() would have them: with spread, overlap,
// missed, time limits, zones and their clock changes. Every run succeeds, and nobody else works.
// Pure.
#pragma once
#include <optional>
#include <span>
#include <stop_token>
#include <vector>

#include "jobs/touched.hpp"
#include "ledger/ledger.hpp"
#include "model/configuration.hpp"
#include "zone/zone.hpp"

namespace pgtend::jobs {

// One job's runs, one after the other. The job must live as long.
class job_walk {
  public:
    // Slots due in [from, until). `look`: runs begin at multiples of it since 1970, when a tick
    // looks; zero: when they are due. `takes`: how long a run lasts if nothing cuts it.
    job_walk(model::job const &job, instant from, instant until, microseconds look,
             microseconds takes);

    struct run {
        instant slot, start, end;
        bool cut = false; // by the time limit of the job
    };
    // Nothing: there is none any more.
    std::optional<run> next();
    long long skipped() const noexcept { return skipped_; } // slots passed over so far

  private:
    std::optional<instant> next_look() const;

    model::job const *job_;
    zone in_;
    instant now_, until_;
    microseconds look_, takes_;
    bool cut_ = false;
    bool running_ = false;
    ledger::job_state state_;
    long long skipped_ = 0;
};

struct simulation_request {
    instant from{}, until{}; // [from, until)
    microseconds look = std::chrono::minutes{1};
    std::vector<microseconds> takes = {}; // of each job of the configuration
    // Bounds of the cells that are counted, ascending, covering the time asked for; empty: none.
    std::vector<instant> cells = {};
    // More than these are only counted.
    std::size_t keep_runs = 0, keep_collisions = 1'000;
    std::stop_token stop = {};
};

struct simulation {
    struct cell {
        int starts = 0;
        bool busy = false; // a run goes on in it
    };
    struct job {
        touched works_on;
        long long runs = 0, skipped = 0, cut = 0, collisions = 0;
        std::optional<instant> first = {}, last = {}; // starts
        std::vector<cell> cells = {};
    };
    struct run {
        std::size_t job = 0;
        job_walk::run at;
    };
    // A run of a job began while one of another job worked on the same table.
    struct collision {
        std::size_t one = 0, other = 0; // one < other
        qualified_name table;
        long long times = 0;
        instant first{};
        microseconds longest{0}; // the longest time side by side
    };
    struct minute {
        instant at{};
        long long starts = 0;
        std::size_t at_once = 0; // the most runs side by side in it
    };
    std::vector<job> jobs; // as in the configuration
    std::vector<run> runs; // by their start
    long long runs_left_out = 0;
    std::vector<collision> pairs; // in the order of their first time
    long long collisions = 0;     // of all pairs
    long long collisions_left_out = 0;
    minute busiest = {};          // most starts; of several the first
    std::size_t most_at_once = 0; // runs side by side at any time, and when first
    instant most_at_once_at{};
    std::vector<std::size_t> at_once = {}; // the most, of each cell
    std::vector<long long> cell_collisions = {};
};

// Memory does not grow with the time asked for, beyond what is to be kept. About half a million
// runs a second. Throws error with exit_code::interrupted when stopped.
simulation simulate(model::configuration const &all, simulation_request const &ask);

} // namespace pgtend::jobs
