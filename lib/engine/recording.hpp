// SPDX-License-Identifier: Apache-2.0
// An executor without a server: outcomes are scripted, what was asked for is recorded. For tests of
// planners and machines.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/executor.hpp"

namespace pgtend::engine {

// What the script answers to one statement. A failure rolls its transaction back and goes to the
// machine of a task as it is: nothing is retried.
struct scripted {
    rows result = {};
    std::optional<plan::failure> failed = {};
    microseconds elapsed = milliseconds{1}; // of this statement; a work's outcome has the sum
};

// One transaction, or a statement outside of one.
struct recorded {
    std::size_t step = 0;                    // index in the plan
    std::vector<plan::statement> statements; // as far as it got
    bool read_only = false;
    bool committed = false;
    microseconds pause_before{0};
};

class recording final : public executor {
  public:
    using script = std::function<scripted(plan::statement const &)>;
    // `most` transactions are carried out at most; a plan that wants more ends as interrupted, so
    // that a machine that never ends fails its test.
    explicit recording(script answers, std::size_t most = 100'000)
        : answers_{std::move(answers)}, most_{most}
    {
    }

    // Steps in the plan's order, on one lane.
    result run(plan::plan work) override;

    std::vector<recorded> const &log() const noexcept { return log_; }
    // The SQL of every statement, in order, with its parameters as literals.
    std::vector<std::string> sql() const;

  private:
    plan::outcome carry_out(std::size_t step, plan::work const &what);

    script answers_;
    std::size_t most_;
    std::vector<recorded> log_;
};

} // namespace pgtend::engine
