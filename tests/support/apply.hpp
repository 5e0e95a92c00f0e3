// SPDX-License-Identifier: Apache-2.0
// Carries a plan out on one session, plainly: no lock protocol, no retries. For tests of planners.
#pragma once
#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "base/error.hpp"
#include "pg/session.hpp"
#include "plan/plan.hpp"

namespace pgtend::test {

struct applied {
    std::string title;
    std::string problem; // empty: done
    std::string sqlstate;
    bool skipped = false; // a step that it comes after was not done
};

// A WARNING is a failure: VACUUM only warns when it may not. `before_commit` is called with each
// transaction still open.
inline std::vector<applied> apply(plan::plan const &work, pg::session &s,
                                  std::function<void(plan::step const &)> const &before_commit = {})
{
    std::vector<applied> out;
    auto const run = [&](plan::statement const &each) {
        s.run(each.sql, each.parameters);
        for (auto const &said : s.take_notices()) {
            if (said.severity == "WARNING") {
                throw error{said.message, {}, said.sqlstate, each.sql};
            }
        }
    };
    for (auto const &step : work.steps) {
        applied result{step.title, {}, {}, false};
        for (auto const before : step.after) {
            result.skipped =
                result.skipped || !out.at(before).problem.empty() || out.at(before).skipped;
        }
        if (result.skipped) {
            out.push_back(std::move(result));
            continue;
        }
        try {
            if (auto const *body = std::get_if<plan::transaction>(&step.body)) {
                s.begin();
                for (auto const &each : body->statements) {
                    run(each);
                }
                if (before_commit) {
                    before_commit(step);
                }
                s.commit();
            } else if (auto const *single = std::get_if<plan::standalone>(&step.body)) {
                run(single->body);
            } else {
                std::get<std::unique_ptr<plan::task>>(step.body)->next({});
            }
        } catch (error const &e) {
            s.rollback();
            result.problem = e.message();
            result.sqlstate = e.sqlstate();
        }
        out.push_back(std::move(result));
    }
    return out;
}

} // namespace pgtend::test
