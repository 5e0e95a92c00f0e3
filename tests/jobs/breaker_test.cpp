// SPDX-License-Identifier: Apache-2.0
// Breakers and clocks that were set, as decisions: no server, no time but that of the test.
#include <algorithm>
#include <doctest/doctest.h>

#include "base/duration.hpp"
#include "jobs/breaker.hpp"
#include "jobs/due.hpp"
#include "stage.hpp"

using namespace pgtend;
using jobs::breaker_state;
using jobs::decide;
using std::chrono::hours;
using std::chrono::minutes;
using test::at;

namespace {

model::job failing_job(std::string const &schedule)
{
    return {.name = "a-job",
            .target = {},
            .schedule_text = schedule,
            .schedule = cron::expression::parse(schedule),
            .policy = {},
            .action = model::cleanup_action{},
            .at = {}};
}

ledger::job_state known_since(model::job const &of, instant watermark)
{
    ledger::job_state out;
    out.job = of.name;
    out.known = true;
    out.last_slot = watermark;
    out.evaluated_at = out.counts_from = at("2025-12-01T00:00:00Z");
    out.schedule = of.schedule_text;
    out.time_zone = of.time_zone;
    return out;
}

ledger::job_state failed(ledger::job_state state, int failures, instant when)
{
    state.failures = failures;
    state.failed_at = state.finished_at = when;
    state.last_status = ledger::run_status::failed;
    return state;
}

jobs::decision choose_at(model::job const &of, ledger::job_state const &state, instant now)
{
    return decide(of, state, false, zone::load("UTC"), {now, now});
}

// A job whose every run fails, looked at each minute: how often it ran, and what was passed over.
struct day {
    int runs = 0, passed_over = 0;
};
day fail_all_day(model::job const &of)
{
    auto const midnight = at("2026-01-01T00:00:00Z");
    auto state = known_since(of, midnight);
    day out;
    for (auto now = midnight + seconds{5}; now < midnight + hours{24}; now += minutes{1}) {
        auto const choice = choose_at(of, state, now);
        for (auto const &each : choice.skipped) {
            ++out.passed_over;
            state.last_slot = std::max(*state.last_slot, each.slot);
        }
        if (choice.claim) {
            ++out.runs;
            state = failed(state, state.failures + 1, now + seconds{2});
            state.last_slot = std::max(*state.last_slot, *choice.claim);
        }
    }
    return out;
}

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("a pause doubles with each failure, from the threshold up to the ceiling")
    {
        model::breaker_policy const of{.failures = 3, .pause = minutes{5}, .ceiling = hours{1}};
        CHECK(!jobs::breaker_pause(of, 0));
        CHECK(!jobs::breaker_pause(of, 2));
        CHECK(jobs::breaker_pause(of, 3) == minutes{5});
        CHECK(jobs::breaker_pause(of, 4) == minutes{10});
        CHECK(jobs::breaker_pause(of, 6) == minutes{40});
        CHECK(jobs::breaker_pause(of, 7) == hours{1});
        CHECK(jobs::breaker_pause(of, 2'000'000'000) == hours{1});
        CHECK(!jobs::breaker_pause({.on = false}, 100));
        CHECK(jobs::failed_in_a_row(1) == "failed once");
        CHECK(jobs::failures_in_a_row(1) == "a failure");
        CHECK(jobs::failures_in_a_row(2) == "2 failures in a row");
    }

    TEST_CASE("open for the pause, then one try; a success closes, a failure opens for longer")
    {
        auto const j = failing_job("* * * * *");
        auto const t = at("2026-01-01T00:10:30Z");
        auto const slot = at("2026-01-01T00:10:00Z");
        CHECK(choose_at(j, failed(known_since(j, slot), 4, t), t + minutes{1}).claim);
        auto const open = failed(known_since(j, slot), 5, t);
        auto const d = choose_at(j, open, t + minutes{5} - seconds{1});
        CHECK(!d.claim);
        CHECK(d.skipped.empty());
        CHECK(d.reason == "failed 5 times in a row; tried again from 2026-01-01T00:15:30Z on");
        CHECK(jobs::breaker_of(j, open, t + minutes{1}).until == t + minutes{5});
        auto const probe = choose_at(j, open, t + minutes{5});
        CHECK(probe.claim == at("2026-01-01T00:15:00Z"));
        CHECK(probe.failures == 5); // the claim is refused to who comes after another failure
        CHECK(jobs::breaker_of(j, open, t + minutes{5}).state == breaker_state::half_open);
        CHECK(!choose_at(j, failed(open, 6, t + minutes{5}), t + minutes{14}).claim);
        CHECK(jobs::breaker_of(j, failed(open, 0, t), t).state == breaker_state::closed);
    }

    TEST_CASE("what fell into the pause follows missed:")
    {
        auto j = failing_job("*/10 * * * *");
        auto const t = at("2026-01-01T00:00:30Z"); // 40 minutes of pause
        auto const state = failed(known_since(j, at("2026-01-01T00:00:00Z")), 8, t);
        auto const over = t + minutes{44};
        CHECK(choose_at(j, state, over).claim == at("2026-01-01T00:40:00Z"));
        j.policy.missed = model::missed::all;
        j.policy.max_age = minutes{30};
        auto const all = choose_at(j, state, over);
        CHECK(all.claim == at("2026-01-01T00:20:00Z"));
        CHECK(all.skipped.size() == 1);
        j.policy.missed = model::missed::none;
        j.policy.max_age.reset();
        auto const none = choose_at(j, state, over);
        CHECK(!none.claim);
        REQUIRE(none.skipped.size() == 1); // of four
        CHECK(none.skipped[0].reason ==
              "missed: found 4 min 30 s late, over the limit of 1 min 30 s; the job failed 8 times "
              "in a row and is not tried each time");
        auto after = state;
        after.last_slot = none.skipped[0].slot;
        CHECK(choose_at(j, after, at("2026-01-01T00:50:05Z")).claim == at("2026-01-01T00:50:00Z"));
    }

    TEST_CASE("F23: a job that fails all day runs as often as pauses fit into it")
    {
        auto minutely = failing_job("* * * * *");
        // 5 at once, then pauses of 5, 10, 20, 40 minutes and 22 of an hour.
        auto const usual = fail_all_day(minutely);
        CHECK(usual.runs == 5 + 4 + 22);
        CHECK(usual.passed_over == 0);
        minutely.policy.breaker = {.failures = 1, .pause = hours{1}, .ceiling = hours{6}};
        CHECK(fail_all_day(minutely).runs == 6); // 0:00, 1:01, 3:01, 7:01, 13:01, 19:01
        minutely.policy.missed = model::missed::none;
        minutely.policy.breaker = {};
        auto const strict = fail_all_day(minutely);
        CHECK(strict.runs == usual.runs);
        minutely.policy.breaker.on = false;
        CHECK(fail_all_day(minutely).runs == 1439);
        auto hourly = failing_job("30 * * * *");
        hourly.policy.missed = model::missed::none;
        auto const seldom = fail_all_day(hourly);
        CHECK(seldom.runs + seldom.passed_over <= 24);
    }

    TEST_CASE("what runs each hour or more seldom is not held up by the default breaker")
    {
        for (auto const *schedule : {"0 * * * *", "0 2 * * *", "0 4 1 * *"}) {
            CAPTURE(schedule);
            auto const j = failing_job(schedule);
            auto const last = at("2026-01-01T04:00:00Z");
            auto const next = *jobs::next_slot(j, zone::load("UTC"), last);
            auto const state = failed(known_since(j, last), 1000, last + minutes{2});
            auto now = next + seconds{5};
            while (!choose_at(j, state, now).claim) {
                now += minutes{1};
                REQUIRE(now - next <= minutes{3}); // its max_age is an hour or a day
            }
            CHECK(choose_at(j, state, now).claim == next);
        }
    }

    TEST_CASE("a lease that is over is a failure of this moment")
    {
        auto const j = failing_job("* * * * *");
        auto const t = at("2026-01-01T00:10:05Z");
        auto state = failed(known_since(j, at("2026-01-01T00:08:00Z")), 3, t - minutes{3});
        state.holder = "gone";
        state.lease_until = t - seconds{10};
        CHECK(choose_at(j, state, t).claim);
        CHECK(choose_at(j, state, t).failures == 4);
        state.failures = 4;
        CHECK(!choose_at(j, state, t).claim);
    }

    TEST_CASE("a lost or interrupted slot waits for the breaker as well")
    {
        auto const j = failing_job("0 * * * *");
        auto const slot = at("2026-01-01T01:00:00Z");
        auto state = failed(known_since(j, slot), 6, slot + minutes{1});
        state.open_slot = slot;
        state.open_status = ledger::run_status::lost;
        state.open_attempts = 1;
        CHECK(!choose_at(j, state, slot + minutes{10}).claim);
        auto const again = choose_at(j, state, slot + minutes{11});
        CHECK(again.claim == slot);
        CHECK(again.again);
    }

    TEST_CASE("F18: a failure in the future is from before the clock was set back")
    {
        auto const j = failing_job("* * * * *");
        auto const now = at("2026-01-01T08:00:05Z");
        auto const state = failed(known_since(j, at("2026-01-01T07:59:00Z")), 9, now + hours{4});
        CHECK(jobs::breaker_of(j, state, now).state == breaker_state::half_open);
        CHECK(choose_at(j, state, now).claim == at("2026-01-01T08:00:00Z"));
        auto open = failed(known_since(j, at("2026-01-01T08:00:00Z")), 0, now + hours{4});
        open.open_slot = at("2026-01-01T08:00:00Z");
        open.open_attempts = 3; // 4 minutes between attempts
        CHECK(choose_at(j, open, now).again);
    }

    TEST_CASE("F18: a watermark in the future gives way to what was really run")
    {
        auto const j = failing_job("*/5 * * * *");
        auto const now = at("2026-01-01T08:00:05Z");
        auto state = known_since(j, at("2026-01-01T12:00:00Z"));
        CHECK(jobs::ahead(j, state, now) == hours{4} - seconds{5});
        CHECK(!choose_at(j, state, now).claim); // nobody has looked at what was run
        state.ran = ledger::newest_run{"a-job", at("2026-01-01T07:55:00Z"), 7};
        auto const d = choose_at(j, state, now);
        CHECK(d.claim == at("2026-01-01T08:00:00Z"));
        CHECK(d.token == 7);
        CHECK(!d.counts_from);
        state.ran->slot = at("2026-01-01T08:00:00Z");
        CHECK(!choose_at(j, state, now).claim);
        state.ran->slot.reset(); // the clock was wrong from the first run on
        CHECK(choose_at(j, state, now).claim == at("2026-01-01T08:00:00Z"));
        // What is too old is no news: the watermark is beyond it.
        auto strict = j;
        strict.policy.missed = model::missed::none;
        CHECK(!choose_at(strict, state, now + minutes{2}).claim);
        CHECK(choose_at(strict, state, now + minutes{2}).skipped.empty());
        // A minute is no step: then one waits.
        CHECK(!jobs::ahead(j, known_since(j, now + seconds{60}), now));
        CHECK(jobs::ahead(j, known_since(j, now + seconds{61}), now));
    }

    TEST_CASE("F18: a job whose schedule counts from the future starts from now")
    {
        auto const j = failing_job("*/5 * * * *");
        auto const now = at("2026-01-01T08:00:05Z");
        auto state = known_since(j, at("2026-01-01T12:00:00Z"));
        state.counts_from = state.evaluated_at = at("2026-01-01T12:00:00Z");
        state.ran = ledger::newest_run{"a-job", {}, 0};
        auto const d = choose_at(j, state, now);
        CHECK(!d.claim);
        CHECK(d.counts_from == now);
        state.schedule =
            "0 0 * * *"; // it was changed as well: nothing is evaluated from the future
        CHECK(choose_at(j, state, now).counts_from == now);
    }

    TEST_CASE("F18: steps of the clock, there and back: no slot twice, none lost beyond policy")
    {
        for (auto const off : {minutes{10}, minutes{240}, minutes{-10}, minutes{-240}}) {
            CAPTURE(off.count());
            int const wrong = off.count() > 0 ? 5 : 0; // slots run by the wrong clock
            auto const j = failing_job("* * * * *");
            auto const begin = at("2026-01-01T00:00:00Z");
            auto state = known_since(j, begin);
            std::vector<instant> ran;
            auto const tick = [&](instant now) {
                if (jobs::ahead(j, state, now)) {
                    state.ran = ledger::newest_run{"a-job", {}, 0};
                    for (auto const slot : ran) {
                        if (slot <= now) {
                            state.ran->slot = std::max(state.ran->slot, std::optional{slot});
                        }
                    }
                }
                auto const choice = choose_at(j, state, now);
                CHECK(choice.skipped.empty());
                if (choice.claim) {
                    CHECK(std::find(ran.begin(), ran.end(), *choice.claim) == ran.end());
                    ran.push_back(*choice.claim);
                    state.last_slot = std::max(*state.last_slot, *choice.claim);
                }
                return choice.claim.has_value();
            };
            auto const run = [&](instant from, int count, microseconds by) {
                int out = 0;
                for (int i = 0; i < count; ++i) {
                    out += tick(from + minutes{i} + by + seconds{5}) ? 1 : 0;
                }
                return out;
            };
            CHECK(run(begin + minutes{1}, 300, {}) == 300);
            CHECK(run(begin + minutes{301}, 5, off) == wrong);
            // Set right again: what was not run becomes due, minute by minute.
            CHECK(run(begin + minutes{306}, 300, {}) == 300 - wrong);
        }
    }
}
