// SPDX-License-Identifier: Apache-2.0
// Slots that nobody could run in time: servers and runners that were down, jobs that take longer
// than their interval, several runners that want the same.
#include <algorithm>
#include <csignal>
#include <deque>
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <optional>

#include "base/duration.hpp"
#include "faults/schedules.hpp"
#include "support/faked_clock.hpp"
#include "support/ground.hpp"
#include "support/own_server.hpp"

using namespace pgtend;
using test::eventually;

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int slower = 10;
#else
constexpr int slower = 1;
#endif

// A job that waits until the table `gate` has a row.
constexpr char gated[] =
    "CREATE TABLE gate (open boolean); CREATE TABLE hit (at timestamptz DEFAULT clock_timestamp());"
    "CREATE FUNCTION pass() RETURNS void LANGUAGE plpgsql AS $$ BEGIN WHILE NOT EXISTS (SELECT "
    "FROM public.gate) LOOP PERFORM pg_sleep(0.02); END LOOP; INSERT INTO public.hit DEFAULT "
    "VALUES; END $$";

std::string gated_job(std::string const &more)
{
    return "  - { name: long, schedule: \"* * * * *\"" + more +
           ", sql: { text: \"select public.pass()\" } }\n";
}

std::string at_minute(int minute, int second = 5)
{
    return fmt::format("2026-01-01T00:{:02}:{:02}Z", minute, second);
}

// "00:01 succeeded, 00:02 skipped", the oldest slot first.
std::string slots_of(std::string const &job)
{
    return "SELECT coalesce(string_agg(to_char(slot AT TIME ZONE 'UTC', 'HH24:MI') || ' ' || "
           "status, ', ' ORDER BY slot, id), '') FROM pgtend.run WHERE job = '" +
           job + "'";
}

enum class catch_up { none, once, all };

// What ticks at these times have to have made of a job, in the words of slots_of() with the slots
// in seconds: the policy on the list of slots that the second engine has due.
std::string made_of(oracle::schedule const &schedule, catch_up policy,
                    std::optional<std::int64_t> max_age, std::vector<instant> const &ticks)
{
    constexpr std::int64_t day = 86'400, punctual = 90;
    auto const begin = test::epoch(ticks.front()) / 60 * 60 - day;
    auto const walls = oracle::walls("UTC", begin, test::epoch(ticks.back()) + 2 * day, 60);
    auto const slots = oracle::due(schedule, walls, begin, 60, test::epoch(ticks.front()) + 1);
    std::string out;
    auto next = slots.begin();
    for (auto const tick : ticks) {
        auto const now = test::epoch(tick);
        auto const end = std::upper_bound(next, slots.end(), now);
        for (auto const newest = next == end ? end : end - 1; next != end; ++next) {
            auto const age = now - *next;
            auto const interval = std::min(*(newest + 1) - *newest, day);
            bool const young =
                age <= (policy == catch_up::none ? punctual : max_age.value_or(interval));
            if (policy == catch_up::all || next == newest) {
                out += fmt::format("{}{} {}", out.empty() ? "" : ", ", *next,
                                   young ? "succeeded" : "skipped");
            }
        }
    }
    return out;
}

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("F06: the server is down for ten minutes: each job catches up as its policy says, "
              "and goes on from there")
    {
        auto const begin = parse_rfc3339("2026-05-05T11:55:40Z");
        test::faked_clock clock{begin};
        test::own_server const server{clock.of_server()};
        test::scratch files;
        using oracle::wall;
        struct kind {
            char const *name;
            oracle::schedule schedule;
            char const *more = "";
            catch_up policy = catch_up::once;
            std::optional<std::int64_t> max_age = {};
        };
        auto const any = test::any();
        auto const every = [&](int n) {
            return test::daily_at(test::every(&wall::minute, n), any);
        };
        kind const kinds[] = {
            {"each", test::daily_at(any, any)},
            {"five", every(5)},
            {"noon", test::daily_at(test::only(&wall::minute, {0}), test::only(&wall::hour, {12}))},
            {"old", every(10), ", max_age: 2m", catch_up::once, 120},
            {"all", every(2), ", missed: all, max_age: 1h", catch_up::all, 3'600},
            {"none", every(5), ", missed: none", catch_up::none}};
        std::string jobs;
        for (auto const &each : kinds) {
            jobs += fmt::format("  - {{ name: {}, schedule: \"{}\"{}, sql: {{ text: \"select 1\" "
                                "}} }}\n",
                                each.name, each.schedule.text(), each.more);
        }
        auto const config = files.write("pgtend.yaml", "version: 1\ntargets:\n  db: { dsn: \"" +
                                                           server.dsn() + "\" }\njobs:\n" + jobs);
        auto const tick = [&](microseconds after) {
            clock.set(begin + after);
            return test::pgtend({"-c", config, "--connect-timeout", "0s", "tick"},
                                clock.of_pgtend());
        };
        using std::chrono::minutes;
        std::vector<instant> looked;
        auto const look = [&](microseconds after) {
            auto const done = tick(after);
            CHECK_MESSAGE(done.code == 0, done.err);
            looked.push_back(begin + after);
        };
        auto const check = [&] {
            for (auto const &each : kinds) {
                CAPTURE(each.name);
                CHECK(server.value(fmt::format(
                          "SELECT coalesce(string_agg(extract(epoch FROM slot)::bigint || ' ' || "
                          "status, ', ' ORDER BY slot, id), '') FROM pgtend.run WHERE job = '{}'",
                          each.name)) == made_of(each.schedule, each.policy, each.max_age, looked));
            }
        };
        REQUIRE(test::pgtend({"-c", config, "init"}, clock.of_pgtend()).code == 0);
        look(minutes{0});
        look(minutes{1}); // 11:56:40
        check();
        server.halt("fast");
        for (int i = 2; i <= 10; i += 4) {
            auto const done = tick(minutes{i});
            CHECK_MESSAGE(done.code == 4, done.err);
        }
        clock.set(begin + minutes{11}); // 12:06:40
        server.resume();
        look(minutes{11});
        look(minutes{11} + seconds{10});
        check();
        CHECK(server.value(slots_of("each")) == "11:56 succeeded, 12:06 succeeded");
        CHECK(server.value(slots_of("none")) == "12:05 skipped"); // found over 90 s late
        look(minutes{12});
        check();
    }

    TEST_CASE("F07: no runner for a year, a job of each minute: a second, and one run")
    {
        test::ground g{"  - { name: once, schedule: \"* * * * *\", sql: { text: \"select 1\" } }\n"
                       "  - { name: all, schedule: \"* * * * *\", missed: all, sql: { text: "
                       "\"select 1\" } }\n"};
        REQUIRE(g.tick("2026-01-01T00:00:30Z").code == 0);
        auto const begin = std::chrono::steady_clock::now();
        auto const done = g.tick("2027-01-01T00:00:05Z");
        CHECK(std::chrono::steady_clock::now() - begin < slower * seconds{1});
        CHECK_MESSAGE(done.code == 0, done.err);
        CHECK(g.db.value(slots_of("once")) == "00:00 succeeded");
        // What is too old is told as one.
        CHECK(g.db.value(slots_of("all")) == "23:59 skipped, 00:00 succeeded");
        CHECK(g.tick("2027-01-01T00:00:35Z").code == 0);
        CHECK(g.count("SELECT count(*) FROM pgtend.run") == 3);
    }

    TEST_CASE("F16: ten minutes of three ticks each and a run by hand: each slot runs once, and no "
              "two runs of a job at the same time")
    {
        std::string jobs;
        for (auto const *name : {"a", "b", "c"}) {
            jobs += fmt::format("  - {{ name: {0}, schedule: \"* * * * *\", missed: all, max_age: "
                                "1h, sql: {{ text: \"select public.work('{0}')\" }} }}\n",
                                name);
        }
        test::ground g{jobs};
        g.db.psql(
            "CREATE TABLE span (job text, begun timestamptz, ended timestamptz);"
            "CREATE FUNCTION work(job text) RETURNS void LANGUAGE plpgsql AS $$ DECLARE begun "
            "timestamptz := clock_timestamp(); BEGIN PERFORM pg_sleep(0.03); INSERT INTO "
            "public.span VALUES (job, begun, clock_timestamp()); END $$");
        REQUIRE(g.tick(at_minute(0, 30)).code == 0);
        long long by_hand = 0;
        for (int minute = 1; minute <= 10; ++minute) {
            std::deque<test::process> ticks;
            test::process hand{g.arguments({"job", "run", "a"})};
            for (int i = 0; i < 3; ++i) {
                ticks.emplace_back(g.arguments({"tick", "--now", at_minute(minute)}));
            }
            for (auto &each : ticks) {
                auto const done = each.wait();
                CHECK_MESSAGE(done.code == 0, done.err);
            }
            auto const done = hand.wait();
            CHECK_MESSAGE((done.code == 0 || done.code == 5), done.err); // 5: another one has it
            by_hand += done.code == 0 ? 1 : 0;
        }
        CHECK(g.tick(at_minute(10, 40)).code == 0); // what the last run by hand kept waiting
        CHECK(g.count("SELECT count(*) FROM pgtend.run WHERE slot IS NULL") == by_hand);
        CHECK(g.count("SELECT count(*) FROM span") == 30 + by_hand);
        CHECK(g.count("SELECT count(*) FROM pgtend.run WHERE slot IS NOT NULL") == 30);
        CHECK(g.count("SELECT count(DISTINCT (job, slot)) FROM pgtend.run WHERE status = "
                      "'succeeded' AND slot IS NOT NULL") == 30);
        CHECK(g.count("SELECT count(*) FROM span a, span b WHERE a.job = b.job AND a.ctid <> "
                      "b.ctid AND (a.begun, a.ended) OVERLAPS (b.begun, b.ended)") == 0);
    }

    TEST_CASE("F16: a tick that stands still between its look and its claim takes no slot that "
              "another one ran meanwhile")
    {
        test::ground g{"  - { name: j, schedule: \"* * * * *\", sql: { text: \"insert into hit "
                       "values (1)\" } }\n"};
        g.db.psql("CREATE TABLE hit (n int)");
        REQUIRE(g.tick(at_minute(0, 30)).code == 0);
        test::process late{g.arguments({"tick", "--now", at_minute(1)}),
                           {{"PGTEND_STOP_AT", "before claim"}}};
        eventually("it stands still", [&] { return late.stands_still(); });
        CHECK(g.tick(at_minute(1)).code == 0);
        late.signal(SIGCONT);
        auto const done = late.wait();
        CHECK_MESSAGE(done.code == 0, done.err);
        CHECK(g.runs("j") == "succeeded/1");
        CHECK(g.count("SELECT count(*) FROM hit") == 1);
    }

    TEST_CASE("F21: a job that takes longer than its interval, skip: each slot meanwhile is "
              "recorded, none is made up for")
    {
        test::ground g{gated_job("")};
        g.db.psql(gated);
        REQUIRE(g.tick(at_minute(0, 30)).code == 0);
        test::process first{g.arguments({"tick", "--now", at_minute(1)})};
        eventually("it runs", [&] { return g.runs("long") == "running/1"; });
        for (int minute = 2; minute <= 4; ++minute) {
            CHECK(g.tick(at_minute(minute)).code == 0);
            CHECK(g.tick(at_minute(minute, 20)).code == 0); // again: is not recorded twice
        }
        g.db.psql("INSERT INTO gate VALUES (true)");
        CHECK(first.wait().code == 0);
        CHECK(g.tick(at_minute(4, 40)).code == 0);
        CHECK(g.db.value(slots_of("long")) ==
              "00:01 succeeded, 00:02 skipped, 00:03 skipped, 00:04 skipped");
        CHECK(g.db.value("SELECT error FROM pgtend.run WHERE status = 'skipped' LIMIT 1")
                  .find("still going on") != std::string::npos);
        CHECK(g.tick(at_minute(5)).code == 0);
        CHECK(g.count("SELECT count(*) FROM hit") == 2);
    }

    TEST_CASE("F21: a job that takes longer than its interval, queue: one slot waits, and no more")
    {
        test::ground g{gated_job(", overlap: queue")};
        g.db.psql(gated);
        REQUIRE(g.tick(at_minute(0, 30)).code == 0);
        test::process first{g.arguments({"tick", "--now", at_minute(1)})};
        eventually("it runs", [&] { return g.runs("long") == "running/1"; });
        for (int minute = 2; minute <= 4; ++minute) {
            CHECK(g.tick(at_minute(minute)).code == 0);
        }
        g.db.psql("INSERT INTO gate VALUES (true)");
        CHECK(first.wait().code == 0);
        CHECK(g.tick(at_minute(4, 40)).code == 0);
        CHECK(g.tick(at_minute(4, 50)).code == 0);
        CHECK(g.db.value(slots_of("long")) == "00:01 succeeded, 00:04 succeeded");
        CHECK(g.count("SELECT count(*) FROM hit") == 2);
    }
}
