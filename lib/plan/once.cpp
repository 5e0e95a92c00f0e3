// SPDX-License-Identifier: Apache-2.0
#include "plan/once.hpp"

#include <utility>

#include "base/error.hpp"

namespace pgtend::plan {
namespace {

class once_task final : public task {
  public:
    explicit once_task(once_request &&of) : of_{std::move(of)} {}

    description describe() const override
    {
        return {.title = of_.title, .statements = {of_.body}, .expected_rows = {}, .until = "once"};
    }

    std::optional<work> next(outcome const &last) override
    {
        if (last.failed) {
            throw error{last.failed->message, last.failed->hint, last.failed->sqlstate,
                        of_.body.sql};
        }
        if (last.results.empty()) {
            return work{.statements = {of_.body}};
        }
        tally_.batches = 1;
        of_.told(last.results.front(), tally_);
        return {};
    }

    tally progress() const override { return tally_; }

  private:
    once_request of_;
    tally tally_;
};

} // namespace

std::unique_ptr<task> once(once_request of)
{
    return std::make_unique<once_task>(std::move(of));
}

} // namespace pgtend::plan
