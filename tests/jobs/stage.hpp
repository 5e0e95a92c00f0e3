// SPDX-License-Identifier: Apache-2.0
// A dispatcher on a stage: a scripted ledger, and a clock of its own.
#pragma once
#include <doctest/doctest.h>

#include "base/duration.hpp"
#include "jobs/dispatcher.hpp"

namespace pgtend::test {

inline instant at(char const *text)
{
    return parse_rfc3339(text);
}

inline model::configuration jobs_named(std::vector<std::string> const &names)
{
    model::configuration out;
    for (auto const &name : names) {
        out.jobs.push_back({.name = name,
                            .target = {},
                            .schedule_text = "0 * * * *",
                            .schedule = cron::expression::parse("0 * * * *"),
                            .time_zone = "UTC",
                            .policy = {},
                            .action = model::cleanup_action{},
                            .at = {}});
    }
    return out;
}

// Drives a dispatcher by hand: time passes when told.
struct stage {
    explicit stage(std::vector<std::string> const &names, jobs::dispatcher_options options = {})
        : all{jobs_named(names)}, machine{all, std::move(options)}
    {
    }

    model::configuration all;
    jobs::dispatcher machine;
    jobs::dispatcher::present present{.steady = clock::monotonic{std::chrono::hours{1}}};
    long long runs = 0;

    jobs::step::any next() { return machine.next(present); }
    void pass(microseconds span) { present.steady += span; }
    void answer(jobs::answer what = {}) { machine.answered(std::move(what), present); }
    template <class Error> void fail(Error const &e) { machine.failed(std::make_exception_ptr(e)); }

    // The next step, which must be this question.
    template <class Question> Question asked()
    {
        auto const what = next();
        auto const *any = std::get_if<jobs::question::any>(&what);
        REQUIRE(any != nullptr);
        auto const *out = std::get_if<Question>(any);
        REQUIRE(out != nullptr);
        return *out;
    }
    template <class Step> Step stepped()
    {
        auto const what = next();
        auto const *out = std::get_if<Step>(&what);
        REQUIRE(out != nullptr);
        return *out;
    }

    // All jobs are known, nothing is due before this server time's last full hour.
    ledger::overview seen(char const *now, char const *watermark) const
    {
        ledger::overview out;
        out.server_time = at(now);
        for (auto const &job : all.jobs) {
            ledger::job_state state;
            state.job = job.name;
            state.known = true;
            state.last_slot = state.evaluated_at = at(watermark);
            state.schedule = job.schedule_text;
            state.time_zone = job.time_zone;
            out.jobs.push_back(std::move(state));
        }
        return out;
    }
    std::vector<ledger::claim> granted(jobs::question::claim_slots const &wanted)
    {
        std::vector<ledger::claim> out;
        for (auto const &each : wanted.wanted) {
            ++runs;
            out.push_back({.job = each.job, .slot = each.slot, .token = runs, .run = runs});
        }
        return out;
    }
    static jobs::run_report ending(ledger::run_status status)
    {
        jobs::run_report out;
        out.status = status;
        return out;
    }
    static jobs::run_report refused()
    {
        auto out = ending(ledger::run_status::interrupted);
        out.reopen = true;
        out.problem = connect_error{"too many connections", "", "53300"};
        return out;
    }
};

} // namespace pgtend::test
