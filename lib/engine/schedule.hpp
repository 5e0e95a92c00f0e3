// SPDX-License-Identifier: Apache-2.0
// Which step of a plan may begin, and on which worker. Knows no session and no clock.
#pragma once
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/executor.hpp"

namespace pgtend::engine {

// A lane belongs to the worker that began it. A worker takes the next step of one of its lanes that
// may begin, else begins the earliest lane that nobody has. Conditions point to earlier steps only,
// so the earliest step that is not done can always be begun, by the worker that has its lane or by
// any: nobody waits for ever. Each call costs as much as the worker has lanes, not as many as there
// are steps.
class schedule {
  public:
    // `results` has one element a step and outlives the schedule. `skipped` is told of a step whose
    // condition failed. At most `workers` (1 or more) are used. Throws error when a condition
    // points to a step that does not come earlier.
    schedule(plan::plan const &work, int workers, std::vector<step_result> &results,
             std::function<void(step_result const &)> skipped);

    // How many of the workers there is work for, numbered from 0: one a lane.
    int workers() const noexcept { return static_cast<int>(mine_.size()); }

    // Blocks until a step may begin on this worker; nothing when there is none left for it, or
    // after stop().
    std::optional<std::size_t> next(int worker);
    void done(std::size_t index, step_result how);
    // It was not begun after all.
    void give_back(std::size_t index);
    // The run has ended: next() returns nothing from now on.
    void stop();
    // This worker has no session. False when it was the last one.
    bool leave();
    // After all workers are gone: what never began is skipped, for this reason.
    void skip_the_rest(std::string const &why);

  private:
    enum class state { waiting, running, done };
    struct lane {
        std::vector<std::size_t> steps;
        std::size_t at = 0; // the first that is not done
    };

    std::optional<std::size_t> take(int worker);
    std::optional<std::size_t> ready(lane &of);
    bool met(std::size_t index) const;
    void skip(std::size_t index, std::string const &why);

    plan::plan const &work_;
    std::vector<step_result> &results_;
    std::function<void(step_result const &)> skipped_;
    std::vector<state> states_;
    std::vector<lane> lanes_;                 // in the order of their first steps
    std::set<std::size_t> free_;              // lanes that nobody has begun
    std::vector<std::set<std::size_t>> mine_; // lanes of each worker
    int left_ = 0;                            // workers that did not leave
    bool stopped_ = false;
    std::mutex mutex_;
    std::condition_variable changed_;
};

} // namespace pgtend::engine
