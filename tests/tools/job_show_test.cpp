// SPDX-License-Identifier: Apache-2.0
// job show and job history on a real ledger: why a job did not run, and how it went.
#include <csignal>
#include <doctest/doctest.h>

#include "base/text.hpp"
#include "support/ground.hpp"
#include "support/hour.hpp"

using namespace pgtend;
using test::eventually;
using test::has;

namespace {

// Due each hour at the minute of ten minutes ago, so that no slot comes up while a test lasts.
std::string each_hour(std::string const &job, std::string const &sql, std::string const &more = {})
{
    auto const now = std::chrono::floor<std::chrono::minutes>(std::chrono::system_clock::now());
    auto const minute = (now.time_since_epoch().count() + 50) % 60;
    return "  - { name: " + job + ", schedule: \"" + std::to_string(minute) + " * * * *\", " +
           more + "sql: { text: \"" + sql + "\" } }\n";
}

// The jobs count from two hours ago on: their slot of ten minutes ago is due.
void register_jobs(test::ground const &g)
{
    CHECK(g.run({"tick"}).code == 0);
    g.db.psql("UPDATE pgtend.lease SET counts_from = clock_timestamp() - interval '2 h'");
}

std::string value_at(std::string const &json, std::string const &key)
{
    auto const at = json.find("\"" + key + "\": ");
    auto const begin = at + key.size() + 4;
    return at == std::string::npos ? "" : json.substr(begin, json.find('\n', begin) - begin);
}

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("job show: due, paused, then run, failed and held up by its breaker")
    {
        test::ground g{each_hour("bad", "select 1/0", "breaker: { failures: 1 }, ")};
        auto const show = [&] { return g.run({"job", "show", "bad"}).out; };
        auto const fate = [&] {
            return value_at(g.run({"-o", "json", "job", "show", "bad"}).out, "fate");
        };
        CHECK(has(fate(), "unseen"));
        CHECK(has(show(), "no tick with this file has noted the job yet"));
        register_jobs(g);
        CHECK(has(fate(), "waiting"));
        CHECK(has(show(), "the next tick runs it; a tick last looked"));
        CHECK(has(show(), "runs SQL (1 statement, one transaction): select 1/0"));
        CHECK(g.run({"job", "pause", "bad", "--because", "migration"}).code == 0);
        CHECK(g.run({"tick"}).code == 0);
        CHECK(has(fate(), "paused"));
        CHECK(has(show(), "it did not run: the job is paused: migration"));
        CHECK(g.run({"job", "resume", "bad"}).code == 0);
        CHECK(g.run({"tick"}).code == 1);
        CHECK(has(fate(), "failed"));
        auto const failed = show();
        CHECK(has(failed, "division by zero (SQLSTATE 22012)"));
        CHECK(has(failed, "its breaker is open until"));
        CHECK(has(failed, "pgtend job reset bad"));
    }

    TEST_CASE("job show: running, on which host and since when; killed, and what comes then")
    {
        test::ground g{each_hour("slow", "select pg_sleep(60)")};
        register_jobs(g);
        auto const show = [&] { return g.run({"job", "show", "slow"}).out; };
        {
            test::process tick{g.arguments({"tick"})};
            eventually("it runs", [&] { return g.runs("slow") == "running/1"; });
            auto const running = show();
            CHECK(has(running, "it is running on "));
            CHECK(has(running, "/" + std::to_string(tick.pid()) + "/"));
            CHECK(has(running, "it goes on"));
            tick.signal(SIGKILL);
            tick.wait();
        }
        g.expire_lease("slow");
        CHECK(has(show(), ", and its lease ran out "));
        CHECK(has(show(), " ago: it was killed, or its host is down"));
        CHECK(has(show(), " ago: it was killed, or its end could not be recorded"));
        CHECK_FALSE(has(show(), "it goes on"));
    }

    TEST_CASE("job show: passed over, and a schedule that was changed")
    {
        test::ground g{each_hour("late", "select 1", "max_age: 1min, ")};
        register_jobs(g);
        auto const show = [&] { return g.run({"job", "show", "late"}).out; };
        CHECK(
            has(show(), "nobody looked in time, and the next tick passes it over: missed: found"));
        CHECK(g.run({"tick"}).code == 0);
        CHECK(has(show(), "it was passed over: missed: found"));
        g.files.write("pgtend.yaml", "version: 1\ntargets:\n  db: { dsn: \"" + g.db.dsn() +
                                         "\" }\njobs:\n  - { name: late, schedule: \"0 3 29 2 *\", "
                                         "sql: { text: \"select 1\" } }\n");
        CHECK(has(show(), "the schedule was changed since a tick looked, from '"));
    }

    TEST_CASE("job history: filters and statistics, as text and as JSON")
    {
        test::ground g{each_hour("good", "select 1") + each_hour("bad", "select 1/0")};
        g.db.psql(
            "INSERT INTO pgtend.run (job, status, started, finished, rows, error) SELECT 'good', "
            "'succeeded', t, t + n * interval '1 s', 10, '' FROM generate_series(1, 40) n, "
            "LATERAL (SELECT now() - n * interval '1 h') s(t) UNION ALL SELECT 'bad', "
            "'failed', now() - interval '3 h', now() - interval '3 h', 0, 'division by zero'");
        auto const count = [&](std::vector<std::string> args) {
            args.insert(args.begin(), {"-o", "json", "job", "history"});
            auto const done = g.run(args);
            CHECK(done.code == 0);
            int out = 0;
            for (auto const &line : split(done.out, '\n')) {
                out += has(line, "\"run\": ") ? 1 : 0;
            }
            return out;
        };
        CHECK(count({"--failed"}) == 1);
        CHECK(count({"--slow", "38s"}) == 3);
        CHECK(count({"--slow", "38s", "--since", "39h30min"}) == 2);
        CHECK(count({"good", "--until", "38h30min"}) == 2);
        CHECK(g.run({"job", "history", "--since", "1h", "--until", "2h"}).code == 2);
        CHECK(g.run({"job", "history", "--failed", "--status", "lost"}).code == 2);
        CHECK(g.run({"job", "history", "--stats", "--failed"}).code == 2);
        CHECK(g.run({"job", "history", "--slow", "long"}).code == 2);

        auto const stats = g.run({"job", "history", "--stats"});
        CHECK(stats.code == 0);
        for (auto const *part :
             {"100.0 %", "0.0 %", "20 s", "38 s", "40 s", "400", "division by zero"}) {
            CHECK_MESSAGE(has(stats.out, part), part);
        }
        auto const json = g.run({"-o", "json", "job", "history", "--stats", "good"}).out;
        CHECK(has(json, "\"schema\": \"pgtend/job-history-stats/1\""));
        CHECK(value_at(json, "p95") == "38,");
        CHECK(value_at(json, "success") == "1,");
        CHECK(!has(json, "\"bad\""));
    }
}
