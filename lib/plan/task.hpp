// SPDX-License-Identifier: Apache-2.0
// A long job as a pure machine: it asks for the next transaction and is told the outcome; an engine
// drives it.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/rows.hpp"
#include "plan/statement.hpp"

namespace pgtend::plan {

// The next transaction of a task: its statements, in order, committed together.
struct work {
    std::vector<statement> statements;
    // Nothing is changed: run READ ONLY, not fenced.
    bool read_only = false;
    // A serialization failure or a deadlock (40001, 40P01) is told at once: the task goes on with
    // less.
    bool tells_conflicts = false;
    // Waited before it starts, under the run's stop and deadline.
    microseconds pause_before{0};
};

struct failure {
    std::string sqlstate;
    std::string message = {};
    std::string hint = {};
    // 55P03 because another session held the table itself for the whole lock deadline; `message`
    // names it. Without it a 55P03 tells of a row, or of a lock_timeout that the statement had set.
    bool table_locked = false;
};

// What became of the last work. The first call of next() gets an outcome without results and
// without failure.
struct outcome {
    std::vector<rows> results; // one for each statement of the work
    microseconds elapsed{0};   // from BEGIN to COMMIT
    // Set: the transaction was rolled back, after the engine's own retries of what is transient.
    std::optional<failure> failed = {};
};

// What a task did so far, and what it will do: for progress, reports and the ledger.
struct tally {
    long long rows = 0;    // changed (deleted, updated, refreshed)
    long long left = 0;    // matched but left, because others held them, or because of a limit
    long long batches = 0; // committed
    std::optional<long long> expected = {}; // estimated rows in all
    std::vector<std::string> notes = {};    // what a person should hear, one line each
};

struct description {
    std::string title;                 // "delete from public.sessions in batches"
    std::vector<statement> statements; // the statements it will repeat, with example parameters
    std::optional<long long> expected_rows; // by the planner's estimate
    std::string until;                      // when it stops, in words
};

class task {
  public:
    virtual ~task() = default;
    // What a dry run prints. Needs no server.
    virtual description describe() const = 0;
    // The next transaction, or nothing at the end. A task that cannot go on after a failure throws
    // error. The engine stops calling it when a stop was asked for or a limit is over: every
    // committed work stands by itself.
    virtual std::optional<work> next(outcome const &last) = 0;
    virtual tally progress() const = 0;
};

} // namespace pgtend::plan
