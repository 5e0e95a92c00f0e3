// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "base/duration.hpp"
#include "jobs/due.hpp"
#include "stage.hpp"

using namespace pgtend;
using jobs::decide;
using test::at;

namespace {

model::job job(std::string const &schedule, std::string const &zone = "UTC",
               model::action what = model::cleanup_action{})
{
    return {.name = "a-job",
            .target = {},
            .schedule_text = schedule,
            .schedule = cron::expression::parse(schedule),
            .time_zone = zone,
            .policy = {},
            .action = std::move(what),
            .at = {}};
}

// A job known since its watermark, that nobody runs.
ledger::job_state seen(model::job const &of, char const *watermark)
{
    ledger::job_state out;
    out.job = of.name;
    out.known = true;
    out.last_slot = at(watermark);
    out.evaluated_at = at(watermark);
    out.schedule = of.schedule_text;
    out.time_zone = of.time_zone;
    return out;
}

jobs::decision choose(model::job const &of, ledger::job_state const &state, char const *now)
{
    return decide(of, state, false, zone::load(of.time_zone), {at(now), at(now)});
}

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("a new job starts from now: nothing is due, and the ledger learns of it")
    {
        auto const j = job("* * * * *");
        ledger::job_state state;
        state.job = j.name;
        auto const d = choose(j, state, "2026-01-01T00:00:30Z");
        CHECK(!d.claim);
        CHECK(d.counts_from == at("2026-01-01T00:00:30Z"));
    }

    TEST_CASE("a slot is due once the watermark lies before it")
    {
        auto const j = job("*/5 * * * *");
        CHECK(choose(j, seen(j, "2026-01-01T00:00:00Z"), "2026-01-01T00:05:01Z").claim ==
              at("2026-01-01T00:05:00Z"));
        CHECK(!choose(j, seen(j, "2026-01-01T00:05:00Z"), "2026-01-01T00:09:59Z").claim);
        CHECK(choose(j, seen(j, "2026-01-01T00:05:00Z"), "2026-01-01T00:10:00Z").claim ==
              at("2026-01-01T00:10:00Z"));
    }

    TEST_CASE("a year of missed minutes is one run, the newest, found at once")
    {
        auto const j = job("* * * * *");
        auto const begin = std::chrono::steady_clock::now();
        auto const d = choose(j, seen(j, "2025-01-01T00:00:00Z"), "2026-01-01T00:00:10Z");
        CHECK(d.claim == at("2026-01-01T00:00:00Z"));
        CHECK(d.skipped.empty());
        CHECK(std::chrono::steady_clock::now() - begin < milliseconds{50});
    }

    TEST_CASE("missed: a slot older than max_age is passed over and said")
    {
        auto j = job("0 2 * * *");
        j.policy.max_age = std::chrono::hours{3};
        auto const d = choose(j, seen(j, "2026-01-01T02:00:00Z"), "2026-01-02T06:00:00Z");
        CHECK(!d.claim);
        REQUIRE(d.skipped.size() == 1);
        CHECK(d.skipped[0].slot == at("2026-01-02T02:00:00Z"));
        CHECK(d.skipped[0].reason.find("4 h") != std::string::npos);
        j.policy.max_age = std::chrono::hours{5};
        CHECK(choose(j, seen(j, "2026-01-01T02:00:00Z"), "2026-01-02T06:00:00Z").claim ==
              at("2026-01-02T02:00:00Z"));
    }

    TEST_CASE("a max_age of the defaults counts at most the interval between slots")
    {
        auto j = job("*/5 * * * *");
        j.policy.max_age = std::chrono::hours{24};
        CHECK(jobs::max_age(j, zone::load("UTC"), at("2026-01-01T00:00:00Z")) ==
              std::chrono::minutes{5});
        j.policy.missed = model::missed::all;
        CHECK(jobs::max_age(j, zone::load("UTC"), at("2026-01-01T00:00:00Z")) ==
              std::chrono::hours{24});
    }

    TEST_CASE("missed: none runs what is found in time only")
    {
        auto j = job("0 * * * *");
        j.policy.missed = model::missed::none;
        CHECK(choose(j, seen(j, "2026-01-01T00:00:00Z"), "2026-01-01T01:01:29Z").claim ==
              at("2026-01-01T01:00:00Z"));
        auto const late = choose(j, seen(j, "2026-01-01T00:00:00Z"), "2026-01-01T01:01:31Z");
        CHECK(!late.claim);
        CHECK(late.skipped.size() == 1);
    }

    TEST_CASE("missed: all takes them in order, each once, those too old left out")
    {
        auto j = job("0 * * * *");
        j.policy.missed = model::missed::all;
        j.policy.max_age = std::chrono::hours{3};
        auto state = seen(j, "2026-01-01T00:00:00Z");
        std::vector<instant> ran;
        for (;;) {
            auto const d = choose(j, state, "2026-01-01T06:30:00Z");
            if (!d.claim) {
                break;
            }
            ran.push_back(*d.claim);
            state.last_slot = d.claim;
        }
        CHECK(ran == std::vector{at("2026-01-01T04:00:00Z"), at("2026-01-01T05:00:00Z"),
                                 at("2026-01-01T06:00:00Z")});
    }

    TEST_CASE("overlap: a run that is still going on lets the slot be skipped or wait")
    {
        auto j = job("* * * * *");
        auto state = seen(j, "2026-01-01T00:00:00Z");
        state.holder = "host/1/ab";
        state.lease_until = at("2026-01-01T00:01:25Z");
        auto const skip = choose(j, state, "2026-01-01T00:01:05Z");
        CHECK(!skip.claim);
        REQUIRE(skip.skipped.size() == 1);
        CHECK(skip.skipped[0].slot == at("2026-01-01T00:01:00Z"));
        j.policy.overlap = model::overlap::queue;
        auto const queue = choose(j, state, "2026-01-01T00:01:05Z");
        CHECK(!queue.claim);
        CHECK(queue.skipped.empty());
        CHECK(choose(j, state, "2026-01-01T00:01:26Z").claim == at("2026-01-01T00:01:00Z"));
    }

    TEST_CASE("a lease counts by the server's time, also when --now moves the slots")
    {
        auto const j = job("* * * * *");
        auto state = seen(j, "2026-01-01T00:00:00Z");
        state.holder = "host/1/ab";
        state.lease_until = at("2030-01-01T00:00:30Z");
        auto const d = decide(j, state, false, zone::load("UTC"),
                              {at("2026-01-01T00:05:00Z"), at("2030-01-01T00:00:00Z")});
        CHECK(!d.claim);
    }

    TEST_CASE("what a lost run left open is claimed again within max_age")
    {
        auto const j = job("0 2 * * *");
        auto state = seen(j, "2026-01-01T02:00:00Z");
        state.open_slot = at("2026-01-01T02:00:00Z");
        state.open_attempts = 1;
        CHECK(choose(j, state, "2026-01-01T02:05:00Z").claim == at("2026-01-01T02:00:00Z"));
        state.open_attempts = jobs::most_attempts;
        auto const tired = choose(j, state, "2026-01-01T02:05:00Z");
        CHECK(!tired.claim);
        CHECK(tired.reason == "left undone after 5 attempts");
    }

    TEST_CASE("a sql job that does not say it is idempotent is not repeated")
    {
        auto const j = job("0 2 * * *", "UTC", model::sql_action{});
        auto state = seen(j, "2026-01-01T02:00:00Z");
        state.open_slot = at("2026-01-01T02:00:00Z");
        state.open_attempts = 1;
        auto const d = choose(j, state, "2026-01-01T02:05:00Z");
        CHECK(!d.claim);
        CHECK(d.reason.find("idempotent") != std::string::npos);
    }

    TEST_CASE("a changed schedule is asked from its last evaluation on")
    {
        auto const j = job("0 * * * *");
        auto state = seen(j, "2026-01-01T02:00:00Z");
        state.schedule = "0 2 * * *";
        state.evaluated_at = at("2026-01-01T10:29:00Z");
        auto const d = choose(j, state, "2026-01-01T10:30:00Z");
        CHECK(!d.claim);
        CHECK(d.counts_from == at("2026-01-01T10:29:00Z"));
        // An edit just before the slot loses nothing.
        state.evaluated_at = at("2026-01-01T10:59:00Z");
        CHECK(choose(j, state, "2026-01-01T11:00:05Z").claim == at("2026-01-01T11:00:00Z"));
        // What was run since is not due again: its runner may have died before it told of its look.
        state.last_slot = at("2026-01-01T11:00:00Z");
        CHECK(!choose(j, state, "2026-01-01T11:00:20Z").claim);
    }

    TEST_CASE("paused and disabled jobs are not claimed, and keep their watermark")
    {
        auto j = job("* * * * *");
        auto state = seen(j, "2026-01-01T00:00:00Z");
        state.paused = true;
        auto d = choose(j, state, "2026-01-01T00:05:00Z");
        CHECK((!d.claim && d.skipped.empty() && d.reason == "paused"));
        state.paused = false;
        CHECK(decide(j, state, true, zone::load("UTC"),
                     {at("2026-01-01T00:05:00Z"), at("2026-01-01T00:05:00Z")})
                  .reason == "all jobs are paused");
        j.enabled = false;
        CHECK(!choose(j, state, "2026-01-01T00:05:00Z").claim);
    }

    TEST_CASE("missed: all takes up what was left open before what is new")
    {
        auto j = job("0 * * * *");
        j.policy.missed = model::missed::all;
        j.policy.max_age = std::chrono::hours{24};
        auto state = seen(j, "2026-01-01T01:00:00Z");
        state.open_slot = at("2026-01-01T01:00:00Z");
        state.open_attempts = 1;
        auto const open = choose(j, state, "2026-01-01T02:00:05Z");
        CHECK(open.claim == at("2026-01-01T01:00:00Z"));
        CHECK(open.again);
        // What is not repeated does not keep the new ones waiting.
        state.open_attempts = jobs::most_attempts;
        auto const next = choose(j, state, "2026-01-01T02:00:05Z");
        CHECK(next.claim == at("2026-01-01T02:00:00Z"));
        CHECK(!next.again);
    }

    TEST_CASE("missed: all waits for the next attempt at the open slot, and passes nothing over "
              "meanwhile")
    {
        auto j = job("* * * * *");
        j.policy.missed = model::missed::all;
        j.policy.max_age = std::chrono::hours{1};
        auto state = seen(j, "2026-01-01T00:01:00Z");
        state.open_slot = at("2026-01-01T00:01:00Z");
        state.open_attempts = 3;
        state.finished_at = at("2026-01-01T00:02:00Z");
        auto const waits = choose(j, state, "2026-01-01T00:05:05Z");
        CHECK(!waits.claim);
        CHECK(waits.skipped.empty());
        CHECK(choose(j, state, "2026-01-01T00:06:00Z").again);
        // While the first of ten is made up for.
        state.holder = "host/1/ab";
        state.lease_until = at("2026-01-01T00:10:30Z");
        auto const running = choose(j, state, "2026-01-01T00:10:05Z");
        CHECK(!running.claim);
        CHECK(running.skipped.empty());
    }

    TEST_CASE("missed: all says which slots were too old, and goes on with the others")
    {
        auto j = job("0 * * * *");
        j.policy.missed = model::missed::all;
        j.policy.max_age = std::chrono::hours{3};
        auto const d = choose(j, seen(j, "2026-01-01T00:00:00Z"), "2026-01-01T06:30:00Z");
        CHECK(d.claim == at("2026-01-01T04:00:00Z"));
        REQUIRE(d.skipped.size() == 1);
        CHECK(d.skipped[0].slot == at("2026-01-01T03:00:00Z"));
    }

    TEST_CASE("attempts at an open slot are spaced, and one that began nothing is none")
    {
        auto const j = job("0 2 * * *");
        auto state = seen(j, "2026-01-01T02:00:00Z");
        state.open_slot = at("2026-01-01T02:00:00Z");
        state.open_attempts = 1;
        state.finished_at = at("2026-01-01T02:05:00Z");
        CHECK(choose(j, state, "2026-01-01T02:05:01Z").claim);
        state.open_attempts = 3;
        CHECK(!choose(j, state, "2026-01-01T02:08:59Z").claim);
        CHECK(choose(j, state, "2026-01-01T02:09:00Z").claim);
        auto const once = job("0 2 * * *", "UTC", model::sql_action{});
        state.open_attempts = 0;
        state.open_begun = false;
        CHECK(choose(once, state, "2026-01-01T02:05:01Z").claim == at("2026-01-01T02:00:00Z"));
    }

    TEST_CASE("spread moves when slots are due by the same offset on every host, not the slots")
    {
        auto j = job("0 * * * *");
        j.spread = std::chrono::minutes{10};
        auto const offset = cron::spread_offset(j.name, j.spread);
        REQUIRE(offset.count() > 0);
        auto const z = zone::load("UTC");
        CHECK(jobs::next_due(j, z, at("2026-01-01T00:30:00Z")) ==
              at("2026-01-01T01:00:00Z") + offset);
        CHECK(jobs::previous_slot(j, z, at("2026-01-01T01:30:00Z")) == at("2026-01-01T01:00:00Z"));
        CHECK(jobs::previous_slot(j, z, at("2026-01-01T01:00:00Z") + offset - microseconds{1}) ==
              at("2026-01-01T00:00:00Z"));
        CHECK(!choose(j, seen(j, "2026-01-01T00:30:00Z"), "2026-01-01T01:00:00Z").claim);
        // A run at 01:00 before there was a spread is a run of that slot.
        CHECK(!choose(j, seen(j, "2026-01-01T01:00:00Z"), "2026-01-01T01:15:00Z").claim);
        // New, or changed, just before it is due: nothing is lost.
        ledger::job_state unknown;
        unknown.job = j.name;
        auto const fresh = choose(j, unknown, "2026-01-01T01:00:00Z");
        CHECK(fresh.counts_from == at("2026-01-01T01:00:00Z") - offset);
    }
}
