// SPDX-License-Identifier: Apache-2.0
#include "engine/recording.hpp"

#include "plan/script.hpp"

namespace pgtend::engine {
namespace {

struct too_many {};

error error_of(plan::failure const &f, plan::statement const &by)
{
    return error{f.message, f.hint, f.sqlstate, by.sql};
}

} // namespace

plan::outcome recording::carry_out(std::size_t step, plan::work const &what)
{
    if (log_.size() >= most_) {
        throw too_many{};
    }
    log_.push_back({.step = step,
                    .statements = {},
                    .read_only = what.read_only,
                    .pause_before = what.pause_before});
    plan::outcome out;
    for (auto const &s : what.statements) {
        log_.back().statements.push_back(s);
        auto answer = answers_(s);
        out.elapsed += answer.elapsed;
        if (answer.failed) {
            out.results.clear();
            out.failed = std::move(answer.failed);
            return out;
        }
        out.results.push_back(std::move(answer.result));
    }
    log_.back().committed = true;
    return out;
}

result recording::run(plan::plan work)
{
    result all{.steps = {}, .notes = work.notes};
    for (std::size_t i = 0; i < work.steps.size(); ++i) {
        auto &step = work.steps[i];
        step_result out{.title = step.title, .object = step.object, .tally = {}};
        for (auto const before : step.after) {
            if (all.steps.at(before).status != step_status::succeeded && !out.problem) {
                out.problem =
                    error{"not begun, because '" + work.steps[before].title + "' did not succeed"};
            }
        }
        if (all.ended_by || out.problem) {
            all.steps.push_back(std::move(out));
            continue;
        }
        out.status = step_status::succeeded;
        try {
            if (auto *machine = std::get_if<std::unique_ptr<plan::task>>(&step.body)) {
                try {
                    plan::outcome last;
                    while (auto const next = (*machine)->next(last)) {
                        last = carry_out(i, *next);
                    }
                } catch (...) {
                    out.tally = (*machine)->progress();
                    throw;
                }
                out.tally = (*machine)->progress();
            } else {
                plan::work const single =
                    std::holds_alternative<plan::transaction>(step.body)
                        ? plan::work{.statements =
                                         std::get<plan::transaction>(step.body).statements}
                        : plan::work{.statements = {std::get<plan::standalone>(step.body).body}};
                auto const outcome = carry_out(i, single);
                if (outcome.failed) {
                    throw error_of(*outcome.failed, log_.back().statements.back());
                }
                out.tally.batches = 1;
                if (step.counts >= 0) {
                    out.tally.rows =
                        outcome.results.at(static_cast<std::size_t>(step.counts)).affected();
                }
            }
        } catch (error const &e) {
            out.status = step_status::failed;
            out.problem = e;
        } catch (too_many) {
            interrupted const why{"more transactions than the test allows"};
            out.status = step_status::failed;
            out.problem = why;
            all.ended_by = {cause::interrupted, why};
        }
        all.steps.push_back(std::move(out));
    }
    return all;
}

std::vector<std::string> recording::sql() const
{
    std::vector<std::string> out;
    for (auto const &transaction : log_) {
        for (auto const &s : transaction.statements) {
            out.push_back(plan::inlined(s));
        }
    }
    return out;
}

} // namespace pgtend::engine
