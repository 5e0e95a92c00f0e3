// SPDX-License-Identifier: Apache-2.0
// Servers and hosts whose clocks are changed: by law, twice a year, or by accident. The server's
// and the program's clocks are faked, not the slots.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <map>
#include <set>

#include "base/duration.hpp"
#include "faults/schedules.hpp"
#include "support/faked_clock.hpp"
#include "support/own_server.hpp"

using namespace pgtend;
using test::any;
using test::daily_at;
using test::epoch;
using test::eventually;
using test::every;
using test::only;

namespace {

constexpr std::chrono::minutes one_minute{1};

// When the clocks of a zone are changed, in UTC: the last night of a zone that gave it up, else of
// 2026. The C library knows them from the same data as PostgreSQL and pgtend.
struct night {
    char const *zone, *changed;
};
constexpr night nights[] = {
    {"Asia/Tehran", "2022-03-21T20:30:00Z"},         // from midnight to 1
    {"Asia/Tehran", "2022-09-21T19:30:00Z"},         // midnight comes twice
    {"Africa/Casablanca", "2026-02-15T02:00:00Z"},   // for Ramadan
    {"America/New_York", "2026-03-08T07:00:00Z"},    // 2:00 to 3:00
    {"Africa/Casablanca", "2026-03-22T02:00:00Z"},   // and back
    {"Europe/Berlin", "2026-03-29T01:00:00Z"},       //
    {"Australia/Lord_Howe", "2026-04-04T15:00:00Z"}, // half an hour
    {"America/Santiago", "2026-04-05T03:00:00Z"},    // midnight comes twice
    {"America/Santiago", "2026-09-06T04:00:00Z"},    // from midnight to 1
    {"Australia/Lord_Howe", "2026-10-03T15:30:00Z"}, //
    {"Europe/Berlin", "2026-10-25T01:00:00Z"},       //
    {"America/New_York", "2026-11-01T06:00:00Z"},    //
};

// Jobs that care for the clock, and jobs that care for the time between.
std::map<std::string, oracle::schedule> schedules()
{
    using oracle::wall;
    return {{"half-past", daily_at(only(&wall::minute, {30}), only(&wall::hour, {0, 1, 2, 3}))},
            {"full-hours", daily_at(only(&wall::minute, {0}), only(&wall::hour, {0, 1, 2, 3}))},
            {"nightly", daily_at(only(&wall::minute, {10, 50}), only(&wall::hour, {0, 2}))},
            {"hourly", daily_at(only(&wall::minute, {20}), any())},
            {"steady", daily_at(every(&wall::minute, 15), any())},
            {"even", daily_at(only(&wall::minute, {40}), every(&wall::hour, 2))}};
}

std::string configuration_of(std::string const &dsn, std::string const &jobs)
{
    return "version: 1\ntargets:\n  db: { dsn: \"" + dsn + "\" }\n" + jobs;
}

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("F19: twelve nights in six zones whose clocks change: what ran is what the C "
              "library's clocks have shown")
    {
        constexpr std::chrono::hours around{2};
        constexpr std::chrono::minutes pace{30};
        test::faked_clock clock{parse_rfc3339(nights[0].changed) - around};
        test::own_server const server{clock.of_server()};
        test::scratch files;
        for (auto const &each : nights) {
            CAPTURE(each.zone);
            CAPTURE(each.changed);
            auto const begin = parse_rfc3339(each.changed) - around;
            auto const end = begin + 2 * around;
            std::string jobs = fmt::format(
                "timezone: {}\ndefaults: {{ missed: all, max_age: 2h }}\njobs:\n", each.zone);
            for (auto const &[name, schedule] : schedules()) {
                jobs += fmt::format("  - {{ name: {}, schedule: \"{}\", sql: {{ text: \"select "
                                    "1\" }} }}\n",
                                    name, schedule.text());
            }
            auto const config = files.write("pgtend.yaml", configuration_of(server.dsn(), jobs));
            clock.set(begin);
            REQUIRE(test::pgtend({"-c", config, "init"}, clock.of_pgtend()).code == 0);
            for (auto now = begin; now <= end; now += pace) {
                clock.set(now);
                auto const done = test::pgtend({"-c", config, "tick"}, clock.of_pgtend());
                CHECK_MESSAGE(done.code == 0, done.err);
                if (!clock.of_pgtend().empty()) {
                    CHECK(done.err.find("warning") == std::string::npos);
                }
            }
            auto const before = epoch(begin) - 4 * 3600; // decides what counts as seen already
            auto const walls = oracle::walls(each.zone, before, epoch(end) + 60, 60);
            for (auto const &[name, schedule] : schedules()) {
                CAPTURE(name);
                auto const expected = oracle::due(schedule, walls, before, 60, epoch(begin) + 1);
                CHECK(server.value(fmt::format(
                          "SELECT coalesce(string_agg(extract(epoch FROM slot)::bigint || CASE "
                          "status WHEN 'succeeded' THEN '' ELSE ' ' || status END, ' ' ORDER BY "
                          "slot), '') FROM pgtend.run WHERE job = '{}'",
                          name)) == fmt::format("{}", fmt::join(expected, " ")));
            }
            REQUIRE(test::pgtend({"-c", config, "init", "--remove"}, clock.of_pgtend()).code == 0);
        }
    }

    TEST_CASE(
        "F18: the server's clock leaps forty days ahead, a tick runs what is due then, and the "
        "clock is set right: the history still tells which slots were run")
    {
        test::faked_clock clock{parse_rfc3339("2026-05-05T10:59:30Z")};
        test::own_server const server{clock.of_server()};
        test::scratch files;
        auto const config =
            files.write("pgtend.yaml",
                        configuration_of(server.dsn(), "jobs:\n  - { name: hourly, schedule: \"0 * "
                                                       "* * *\", sql: { text: \"select 1\" } }\n"));
        REQUIRE(test::pgtend({"-c", config, "init"}, clock.of_pgtend()).code == 0);
        for (auto const *now :
             {"2026-05-05T10:59:30Z", "2026-05-05T11:00:05Z", "2026-05-05T12:00:05Z",
              "2026-06-14T12:00:05Z", "2026-05-05T12:05:00Z", "2026-05-05T13:00:05Z"}) {
            CAPTURE(now);
            clock.set(parse_rfc3339(now));
            auto const done = test::pgtend({"-c", config, "tick"}, clock.of_pgtend());
            CHECK_MESSAGE(done.code == 0, done.err);
        }
        CHECK(server.value("SELECT string_agg(to_char(slot AT TIME ZONE 'UTC', 'MM-DD HH24:MI') || "
                           "' ' || status, ', ' ORDER BY id) FROM pgtend.run") ==
              "05-05 11:00 succeeded, 05-05 12:00 succeeded, 06-14 12:00 succeeded, "
              "05-05 13:00 succeeded");
    }

    TEST_CASE("F18: the server's clock is set ahead or back while a job runs: it ends and is "
              "recorded, no slot runs twice, the next ones go on, also when it is set right")
    {
        constexpr std::chrono::minutes interval{5};
        auto const noon = parse_rfc3339("2026-05-05T12:00:00Z");
        test::faked_clock clock{noon};
        test::own_server const server{clock.of_server()};
        test::scratch files;
        auto const config = files.write(
            "pgtend.yaml", configuration_of(server.dsn(), "jobs:\n  - { name: j, schedule: \"*/5 * "
                                                          "* * *\", overlap: queue, sql: { text: "
                                                          "\"select public.pass()\" } }\n"));
        // It does not sleep: how long the server does is not the question here.
        server.psql(
            "CREATE TABLE gate (open boolean); CREATE TABLE hit (n int);"
            "CREATE FUNCTION pass() RETURNS void LANGUAGE plpgsql AS $$ BEGIN WHILE NOT EXISTS "
            "(SELECT FROM public.gate) LOOP END LOOP; INSERT INTO public.hit VALUES (1); END $$");
        for (auto const by :
             {10 * one_minute, -10 * one_minute, 240 * one_minute, -240 * one_minute}) {
            CAPTURE(by.count());
            std::set<std::int64_t> expected;
            auto const ran = [&](instant first, instant last) {
                auto const begin = epoch(first) / 60 * 60 - 3600;
                auto const walls = oracle::walls("UTC", begin, epoch(last) + 1, 60);
                auto const more = oracle::due(daily_at(every(&oracle::wall::minute, 5), any()),
                                              walls, begin, 60, epoch(first));
                expected.insert(more.begin(), more.end());
            };
            auto const tick = [&] {
                auto const done = test::pgtend({"-c", config, "tick"});
                CHECK_MESSAGE(done.code == 0, done.err);
            };
            // Five seconds after each slot from that one on.
            auto const tick_from = [&](instant slot, int count) {
                ran(slot, slot + interval * (count - 1));
                for (int i = 0; i < count; ++i) {
                    clock.set(slot + interval * i + seconds{5});
                    tick();
                }
            };
            clock.set(noon - seconds{30});
            REQUIRE(test::pgtend({"-c", config, "init"}).code == 0);
            tick();
            clock.set(noon + seconds{5});
            test::process runner{std::vector<std::string>{"-c", config, "tick"}};
            eventually("it runs", [&] {
                return server.value("SELECT count(*) FROM pg_stat_activity WHERE state = 'active' "
                                    "AND query LIKE 'select public.pass%'") == "1";
            });
            clock.step(by);
            tick(); // whose it is cannot be told by the clock
            tick();
            CHECK(server.value("SELECT string_agg(status, ' ') FROM pgtend.run") == "running");
            server.psql("INSERT INTO gate VALUES (true)");
            auto const first = runner.wait();
            CHECK_MESSAGE(first.code == 0, first.err);
            tick();
            ran(noon, noon);
            auto const now = noon + by;
            if (by > 0 * one_minute) {
                ran(now, now); // was due, and waited for the run before it
            }
            tick_from(now + interval, 3);
            tick_from(noon + 3 * interval, 5); // set right
            CHECK(server.value("SELECT string_agg(extract(epoch FROM slot)::bigint || ' ' || "
                               "status, ', ' ORDER BY slot, id) FROM pgtend.run") ==
                  fmt::format("{} succeeded", fmt::join(expected, " succeeded, ")));
            CHECK(server.value("SELECT count(*) FROM hit") == std::to_string(expected.size()));
            CHECK(server.value("SELECT count(*) FROM pgtend.lease WHERE holder IS NOT NULL") ==
                  "0");
            server.psql("TRUNCATE gate, hit");
            REQUIRE(test::pgtend({"-c", config, "init", "--remove"}).code == 0);
        }
    }

    TEST_CASE("F20: a host two minutes ahead of the database or behind it: the database's time "
              "decides, the difference is told, work goes on")
    {
        auto const begin = parse_rfc3339("2026-05-05T11:58:30Z");
        test::faked_clock clock{begin};
        test::own_server const server{clock.of_server()};
        test::scratch files;
        auto const config =
            files.write("pgtend.yaml",
                        configuration_of(server.dsn(), "jobs:\n  - { name: noon, schedule: \"0 12 "
                                                       "* * *\", sql: { text: \"select 1\" } }\n"));
        auto const slots = [&] {
            return server.value("SELECT coalesce(string_agg(to_char(slot AT TIME ZONE 'UTC', "
                                "'HH24:MI') || ' ' || status, ', '), '') FROM pgtend.run");
        };
        REQUIRE(test::pgtend({"-c", config, "init"}, clock.of_pgtend()).code == 0);
        for (auto const off : {2 * one_minute, -2 * one_minute}) {
            CAPTURE(off.count());
            test::faked_clock host{begin};
            auto const tick_at = [&](microseconds after) {
                clock.set(begin + after);
                host.set(begin + after + off);
                auto const done = test::pgtend({"-c", config, "tick"}, host.of_pgtend());
                CHECK_MESSAGE(done.code == 0, done.err);
                CHECK(done.err.find("clock and the server's differ by") != std::string::npos);
                if (!host.of_pgtend().empty()) {
                    CHECK(done.err.find(off > 0 * one_minute ? "differ by 1" : "differ by -1") !=
                          std::string::npos); // 119 or 120
                }
            };
            server.psql("DELETE FROM pgtend.run; DELETE FROM pgtend.lease; "
                        "DELETE FROM pgtend.runner");
            tick_at(seconds{0});
            tick_at(1 * one_minute); // 11:59:30 in the database, 12:01:30 or 11:57:30 here
            CHECK(slots() == "");
            tick_at(2 * one_minute); // 12:00:30 in the database
            CHECK(slots() == "12:00 succeeded");
            tick_at(3 * one_minute);
            CHECK(slots() == "12:00 succeeded");
            CHECK(server.value("SELECT date_trunc('minute', min(started)) = "
                               "'2026-05-05 12:00:00+00'::timestamptz FROM pgtend.run") == "t");
        }
    }
}
