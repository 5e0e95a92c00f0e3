// SPDX-License-Identifier: Apache-2.0
// What one simulated scenario consists of, drawn from its seed.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "model/configuration.hpp"
#include "policy.hpp"
#include "seeds.hpp"
#include "work.hpp"

namespace pgtend::simulation {

// What is not in the file: how the job's work is.
struct job_traits {
    nature work;
    microseconds batch;           // how long one takes, half to double
    instant broken{}, repaired{}; // all of it fails in between
    // By version of the file.
    std::vector<std::shared_ptr<timetable const>> slots = {};
};

struct host {
    bool oneshot = false;       // no tick while the one before still runs (a systemd unit)
    microseconds skew{0};       // of its wall clock, which decides when ticks start
    instant edited{};           // when its file becomes the second version
    instant down{}, up{};       // no tick starts, what runs is killed at `down`
    microseconds steady_base{}; // of its monotonic clock
};

struct outage {
    instant begin{}, end{};
    bool hangs = false; // answers nothing until the end, and keeps what it got; else restarts
};

// The server's clock is set, from then on it is so far off. In no order.
struct clock_step {
    instant at{};
    microseconds off{0};
};

struct scenario {
    explicit scenario(std::uint64_t seed);

    dice random;
    instant begin{}, end{};
    std::vector<model::configuration> files; // the second one is edited
    std::vector<job_traits> traits;          // in the order of the jobs
    std::vector<host> hosts;
    std::vector<outage> outages;
    std::vector<clock_step> steps;
    instant starved{}, fed{}; // in between control sessions can be had, and none for work
    // One statement in so many is hit; 0: none.
    long long crash = 0, control_loss = 0, work_loss = 0, late_answer = 0, stall = 0;
    instant quiet{}; // from then on nothing breaks

    bool edited() const { return files.size() > 1; }

  private:
    void add_job(int number);
};

} // namespace pgtend::simulation
