// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "base/duration.hpp"
#include "base/error.hpp"
#include "jobs/due.hpp"
#include "jobs/simulation.hpp"
#include "stage.hpp"
#include "support/lists.hpp"

using namespace pgtend;
using namespace std::chrono_literals;
using test::at;
using test::list;

namespace {

model::job named_job(std::string const &name, std::string const &schedule, model::action what = {},
                     std::string const &zone = "UTC")
{
    return {.name = name,
            .target = {},
            .schedule_text = schedule,
            .schedule = cron::expression::parse(schedule),
            .time_zone = zone,
            .policy = {},
            .action = std::move(what),
            .at = {}};
}

model::cleanup_action cleanup(std::string const &table)
{
    return {.from = {{parse_qualified_name(table), "true", {}}}, .batches = {}};
}

std::vector<std::string> starts(model::job const &of, char const *from, char const *until,
                                microseconds takes = 1s, microseconds look = 0s)
{
    jobs::job_walk walk{of, at(from), at(until), look, takes};
    std::vector<std::string> out;
    while (auto const run = walk.next()) {
        out.push_back(to_rfc3339(run->start));
    }
    return out;
}

// A tick each `look` in the plainest way: every look asks decide() and does as it says.
std::vector<std::pair<instant, instant>> ticked(model::job const &of, instant from, instant until,
                                                microseconds look, microseconds takes)
{
    auto const in = zone::load(of.time_zone);
    ledger::job_state state;
    state.job = of.name;
    auto const before = from - microseconds{1};
    state.last_slot = state.evaluated_at =
        jobs::decide(of, state, false, in, {before, before}).counts_from;
    state.known = true;
    state.schedule = of.schedule_text;
    state.time_zone = of.time_zone;
    std::vector<std::pair<instant, instant>> out;
    for (auto now = from; now < until; now += look) {
        if (state.lease_until && *state.lease_until <= now) {
            state.holder.clear();
            state.lease_until.reset();
        }
        auto const found = jobs::decide(of, state, false, in, {now, now});
        for (auto const &skip : found.skipped) {
            state.last_slot = std::max(*state.last_slot, skip.slot);
        }
        if (found.claim) {
            out.emplace_back(*found.claim, now);
            state.last_slot = *found.claim;
            state.holder = "x";
            state.lease_until = now + takes;
        }
    }
    return out;
}

jobs::simulation simulate(model::configuration const &all, char const *from, microseconds ahead,
                          microseconds takes, std::size_t keep = 1'000)
{
    jobs::simulation_request ask;
    ask.from = at(from);
    ask.until = ask.from + ahead;
    ask.takes.assign(all.jobs.size(), takes);
    ask.keep_runs = ask.keep_collisions = keep;
    return jobs::simulate(all, ask);
}

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("the first instant belongs to the time asked for, the last does not")
    {
        CHECK(starts(named_job("a", "0 * * * *"), "2026-01-01T00:00:00Z", "2026-01-01T02:00:00Z") ==
              list{"2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z"});
    }

    TEST_CASE("clocks that change: a skipped time runs after the gap, a repeated one once")
    {
        auto const night = named_job("a", "30 2 * * *", {}, "Europe/Berlin");
        CHECK(starts(night, "2026-03-28T12:00:00Z", "2026-03-30T12:00:00Z") ==
              list{"2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"});
        CHECK(starts(night, "2026-10-24T12:00:00Z", "2026-10-26T12:00:00Z") ==
              list{"2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"});
        CHECK(starts(named_job("a", "30 * * * *", {}, "Europe/Berlin"), "2026-10-25T00:00:00Z",
                     "2026-10-25T03:00:00Z")
                  .size() == 3);
    }

    TEST_CASE("spread moves a run, and tick begins it at its next look")
    {
        auto spread = named_job("some-job", "0 * * * *");
        spread.spread = 10min;
        auto const due = jobs::due_at(spread, at("2026-01-01T05:00:00Z"));
        REQUIRE(due > at("2026-01-01T05:00:00Z"));
        CHECK(starts(spread, "2026-01-01T05:00:00Z", "2026-01-01T05:59:00Z") ==
              list{to_rfc3339(due)});
        CHECK(starts(spread, "2026-01-01T05:00:00Z", "2026-01-01T05:59:00Z", 1s, 1min) ==
              list{to_rfc3339(std::chrono::ceil<std::chrono::minutes>(due))});
    }

    TEST_CASE("a run that goes on: overlap: skip passes slots over, queue runs the newest after it")
    {
        auto slow = named_job("a", "*/10 * * * *");
        jobs::job_walk skips{slow, at("2026-01-01T00:00:00Z"), at("2026-01-01T01:00:00Z"), 1min,
                             25min};
        list begun;
        while (auto const run = skips.next()) {
            begun.push_back(to_rfc3339(run->start));
            CHECK(run->cut); // timeout: 10min
        }
        CHECK(begun.size() == 6);
        slow.policy.timeout = 1h;
        CHECK(starts(slow, "2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z", 25min, 1min) ==
              list{"2026-01-01T00:00:00Z", "2026-01-01T00:30:00Z"});
        slow.policy.overlap = model::overlap::queue;
        CHECK(starts(slow, "2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z", 25min, 1min) ==
              list{"2026-01-01T00:00:00Z", "2026-01-01T00:25:00Z", "2026-01-01T00:50:00Z"});
        slow.policy.missed = model::missed::all;
        slow.policy.max_age = 1h;
        jobs::job_walk all{slow, at("2026-01-01T00:00:00Z"), at("2026-01-01T01:00:00Z"), 1min,
                           25min};
        list slots;
        while (auto const run = all.next()) {
            slots.push_back(to_rfc3339(run->slot));
        }
        CHECK(slots ==
              list{"2026-01-01T00:00:00Z", "2026-01-01T00:10:00Z", "2026-01-01T00:20:00Z"});
    }

    TEST_CASE("it is the evaluator: the same runs as a tick each minute that does as decide() says")
    {
        for (auto const *schedule : {"* * * * *", "*/7 * * * *", "15 2 * * *", "0 */2 * * *",
                                     "@every 13m", "30 2 * * sun", "5,50 1-3 * * *"}) {
            for (auto const takes : {1min, 3min, 40min, 130min}) {
                for (auto const overlap : {model::overlap::skip, model::overlap::queue}) {
                    for (auto const missed :
                         {model::missed::none, model::missed::once, model::missed::all}) {
                        auto one = named_job("some-job", schedule, {}, "Europe/Berlin");
                        one.spread = 5min;
                        one.policy.timeout = 0s;
                        one.policy.overlap = overlap;
                        one.policy.missed = missed;
                        auto const from = at("2026-03-28T22:00:00Z"), until = from + 30h;
                        std::vector<std::pair<instant, instant>> found;
                        jobs::job_walk walk{one, from, until, 1min, takes};
                        while (auto const run = walk.next()) {
                            found.emplace_back(run->slot, run->start);
                        }
                        INFO(schedule, " ", to_string(takes));
                        CHECK(found == ticked(one, from, until, 1min, takes));
                    }
                }
            }
        }
    }

    TEST_CASE("what is disabled does not run")
    {
        auto off = named_job("a", "* * * * *");
        off.enabled = false;
        CHECK(starts(off, "2026-01-01T00:00:00Z", "2026-01-01T02:00:00Z").empty());
    }

    TEST_CASE("collisions: runs of two jobs on one table side by side, by pair")
    {
        model::configuration all;
        all.partitions.emplace_back().table = parse_qualified_name("public.t");
        all.jobs = {named_job("clean", "*/10 * * * *", cleanup("t")), // public.t
                    named_job("vacuum", "0 * * * *",
                              model::vacuum_action{.tables = {parse_qualified_name("public.t")}}),
                    named_job("other", "* * * * *", cleanup("public.u")),
                    named_job("parts", "59 23 * * *", model::partition_action{}),
                    named_job("free", "* * * * *", model::sql_action{.text = "select 1"})};
        jobs::simulation_request ask;
        ask.from = at("2026-01-01T00:00:00Z");
        ask.until = ask.from + 24h;
        ask.takes = {30s, 15min, 1s, 2min, 1s};
        all.jobs[1].policy.timeout = 0s;
        auto const found = jobs::simulate(all, ask);
        REQUIRE(found.pairs.size() == 1);
        CHECK(found.pairs[0].one == 0);
        CHECK(found.pairs[0].other == 1);
        CHECK(display(found.pairs[0].table) == "public.t");
        CHECK(found.pairs[0].times == 48); // at minutes 0 and 10 of each hour
        CHECK(found.pairs[0].first == ask.from);
        CHECK(found.pairs[0].longest == 30s);
        CHECK(found.collisions == 48);
        CHECK(found.jobs[0].collisions == 48);
        CHECK(found.jobs[1].collisions == 48);
        CHECK(found.jobs[2].collisions == 0);
        CHECK(found.jobs[4].works_on.unknown);
        CHECK(found.jobs[0].runs == 144);
        CHECK(found.busiest.at == ask.from);
        CHECK(found.busiest.starts == 4);
        CHECK(found.busiest.at_once == 4);
        CHECK(found.most_at_once == 4);

        ask.takes[1] = 90min; // at 23:59 it still goes on
        all.jobs[1].policy.overlap = model::overlap::queue;
        auto const longer = jobs::simulate(all, ask);
        CHECK(longer.jobs[3].collisions == 1);
    }

    TEST_CASE("runs that only touch in time do not collide")
    {
        model::configuration all;
        all.jobs = {named_job("a", "0 * * * *", cleanup("t")),
                    named_job("b", "10 * * * *", cleanup("t"))};
        all.jobs[0].policy.timeout = 0s;
        CHECK(simulate(all, "2026-01-01T00:00:00Z", 24h, 10min).collisions == 0);
        CHECK(simulate(all, "2026-01-01T00:00:00Z", 24h, 10min + 1s).collisions == 24);
    }

    TEST_CASE("many runs: all are counted, few are kept")
    {
        model::configuration all;
        for (int i = 0; i < 100; ++i) {
            all.jobs.push_back(named_job("job-" + std::to_string(i), "* * * * *", cleanup("t")));
        }
        auto const found = simulate(all, "2026-01-01T00:00:00Z", 24h, 30s, 50);
        CHECK(found.runs.size() == 50);
        CHECK(found.runs_left_out == 100 * 1440 - 50);
        CHECK(found.collisions == 1440LL * 100 * 99 / 2);
        CHECK(found.pairs.size() == 50);
        long long listed = found.collisions_left_out;
        for (auto const &pair : found.pairs) {
            listed += pair.times;
        }
        CHECK(listed == found.collisions);
        CHECK(found.busiest.starts == 100);
        CHECK(found.most_at_once == 100);
    }

    TEST_CASE("cells: how many begin, whether one goes on, the most at once")
    {
        model::configuration all;
        all.jobs = {named_job("long", "10 0 * * *", cleanup("t")),
                    named_job("short", "0 * * * *", cleanup("t"))};
        all.jobs[0].policy.timeout = 0s;
        jobs::simulation_request ask;
        ask.from = at("2026-01-01T00:00:00Z");
        ask.until = ask.from + 4h;
        ask.takes = {2h, 1min};
        for (int hour = 0; hour <= 4; ++hour) {
            ask.cells.push_back(ask.from + std::chrono::hours{hour});
        }
        auto const found = jobs::simulate(all, ask);
        auto const shown = [](jobs::simulation::job const &of) {
            std::string out;
            for (auto const &cell : of.cells) {
                out += std::to_string(cell.starts) + (cell.busy ? "b " : " ");
            }
            return out;
        };
        CHECK(shown(found.jobs[0]) == "1b 0b 0b 0 ");
        CHECK(shown(found.jobs[1]) == "1b 1b 1b 1b ");
        CHECK(found.at_once == std::vector<std::size_t>{1, 2, 2, 1});
        CHECK(found.cell_collisions == std::vector<long long>{0, 1, 1, 0});
    }

    TEST_CASE("a signal ends it")
    {
        std::stop_source signal;
        signal.request_stop();
        model::configuration all;
        all.jobs = {named_job("a", "* * * * *")};
        jobs::simulation_request ask;
        ask.from = at("2026-01-01T00:00:00Z");
        ask.until = ask.from + 24h;
        ask.takes = {1s};
        ask.stop = signal.get_token();
        try {
            jobs::simulate(all, ask);
            FAIL("it went on");
        } catch (error const &e) {
            CHECK(e.code() == exit_code::interrupted);
        }
    }
}
