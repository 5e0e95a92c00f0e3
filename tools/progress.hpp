// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <string>

#include "engine/executor.hpp"
#include "tools/io.hpp"

namespace pgtend::tools {

// What a person sees while long work goes on. On a terminal one line that is rewritten (rows, rate,
// remaining time); otherwise a quiet line for what is tried again and for what fails.
class progress_display final : public engine::observer {
  public:
    progress_display(io &outside, bool shown);
    ~progress_display() override;

    void started(plan::step const &step) override;
    void progressed(plan::step const &step, plan::tally const &tally) override;
    void retrying(plan::step const &step, std::string const &why, microseconds pause) override;
    void finished(engine::step_result const &result) override;

  private:
    void rewrite(std::string const &line);
    void clear();

    io &outside_;
    bool live_;
    clock::monotonic last_drawn_{};
    std::map<std::string, clock::monotonic> began_;
    bool drawn_ = false;
};

} // namespace pgtend::tools
