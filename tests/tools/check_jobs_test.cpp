// SPDX-License-Identifier: Apache-2.0
// check, of jobs: what the schedule, the ledger and other schedulers say.
#include <doctest/doctest.h>

#include "support/annotated.hpp"
#include "support/hour.hpp"
#include "support/lists.hpp"

using namespace pgtend;
using namespace pgtend::test;

namespace {

constexpr char hourly[] =
    "  - { name: hourly, schedule: \"0 * * * *\", timeout: 30min, sql: { text: \"select 1\" } }\n";

// Registered `hours` ago, and nobody has looked since.
void registered(ground const &g, std::string const &job, std::string const &ago)
{
    g.db.psql("INSERT INTO pgtend.lease (job, token, backend_pids, backend_starts, open_attempts, "
              "open_begun, failures, schedule, time_zone, kind, counts_from, paused, "
              "paused_because) VALUES ('" +
              job + "', 0, '{}', '{}', 0, true, 0, '0 * * * *', 'UTC', 'sql', now() - interval '" +
              ago + "', false, ''); INSERT INTO pgtend.fence VALUES ('" + job + "', 0)");
}

void ticked(ground const &g, std::string const &ago)
{
    g.db.psql("DELETE FROM pgtend.runner; INSERT INTO pgtend.runner VALUES ('host', 'file', "
              "'hash', 'holder', now() - interval '" +
              ago + "', NULL)");
}

// Runs of the job that took so long, one an hour, the last of them an hour ago.
void ran(ground const &g, int runs, std::string const &took)
{
    g.db.psql("INSERT INTO pgtend.run (job, slot, status, started, finished) SELECT 'hourly', "
              "now(), 'succeeded', t, t + interval '" +
              took + "' FROM generate_series(1, " + std::to_string(runs) +
              ") i, LATERAL (SELECT now() - i * interval '1 hour') s (t)");
}

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("a fresh ledger is no reason for alarm, nor jobs that nobody could register yet")
    {
        ground const g{hourly};
        CHECK(findings(g, "job").empty());
        CHECK(findings(g, "matview.stale").empty());
        CHECK(g.run({"check", "--only", "job", "--strict"}).code == 0);
    }

    TEST_CASE("without a ledger, or a file, what they would say is skipped")
    {
        ground const g{hourly};
        g.db.psql("DROP SCHEMA pgtend CASCADE");
        CHECK(findings(g, "job.runner") ==
              list{"skipped job.runner: needs the ledger: this database has no ledger (schema "
                   "pgtend)"});
        for (auto const *id : {"job.registered", "job.paused", "job.last_run", "job.overdue",
                               "job.lease", "job.runtime"}) {
            CAPTURE(id);
            REQUIRE(findings(g, id).size() == 1);
            CHECK(findings(g, id)[0].starts_with("skipped "));
        }
        CHECK(findings(g, "job.never").empty()); // the file alone tells
        CHECK(findings(g, "job.collision").empty());
        auto const bare =
            test::pgtend({"-d", g.db.dsn(), "-o", "github", "check", "--only", "job.collision"},
                         {{"PGTEND_CONFIG", ""}});
        CHECK(annotated(bare.out) ==
              list{"skipped job.collision: needs a configuration file (-c)"});
    }

    TEST_CASE("nobody looks at the schedule: since init, or since the last tick")
    {
        ground const g{hourly};
        g.db.psql("UPDATE pgtend.meta SET created = now() - interval '2 minutes'");
        CHECK(findings(g, "job.runner").empty());
        g.db.psql("UPDATE pgtend.meta SET created = now() - interval '4 minutes'");
        CHECK(findings(g, "job.runner") == list{"error job.runner: runner"});
        ticked(g, "1 minute");
        CHECK(findings(g, "job.runner").empty());
        ticked(g, "4 minutes");
        CHECK(findings(g, "job.runner") == list{"error job.runner: runner"});
    }

    TEST_CASE("runners that have another file, and jobs that are paused")
    {
        ground const g{hourly};
        ticked(g, "1 minute");
        CHECK(findings(g, "job.registered") == list{"warning job.registered: hourly"});
        registered(g, "hourly", "1 minute");
        CHECK(findings(g, "job.registered").empty());
        CHECK(findings(g, "job.paused").empty());
        g.run({"job", "pause", "hourly", "--because", "moving house"});
        auto const said = g.run({"check", "--only", "job.paused"}).out;
        CHECK(has(said, "is paused: moving house"));
        CHECK(has(said, "pgtend job resume hourly"));
    }

    TEST_CASE("the last run went wrong; a good one afterwards is enough")
    {
        ground const g{
            "  - { name: divide, schedule: \"0 * * * *\", sql: { text: \"select 1/n from "
            "public.divisor\" } }\n"};
        g.db.psql("CREATE TABLE public.divisor (n int); INSERT INTO public.divisor VALUES (0)");
        registered(g, "divide", "1 minute");
        CHECK(findings(g, "job.last_run").empty());
        CHECK(g.run({"job", "run", "divide"}).code == 1);
        CHECK(findings(g, "job.last_run") == list{"error job.last_run: divide"});
        CHECK(has(g.run({"check", "--only", "job.last_run"}).out, "failed: division by zero"));
        g.db.psql("UPDATE public.divisor SET n = 1");
        CHECK(g.run({"job", "run", "divide"}).code == 0);
        CHECK(findings(g, "job.last_run").empty());
    }

    TEST_CASE("overdue: two intervals after its slot, unless it is paused or at work")
    {
        ground const g{hourly};
        registered(g, "hourly", "90 minutes"); // due at most 89 minutes ago
        CHECK(findings(g, "job.overdue").empty());
        g.db.psql("UPDATE pgtend.lease SET counts_from = now() - interval '185 minutes'");
        CHECK(findings(g, "job.overdue") == list{"error job.overdue: hourly"});
        g.db.psql("UPDATE pgtend.lease SET schedule = '@yearly'; INSERT INTO pgtend.runner VALUES "
                  "('host', 'file', 'hash', 'holder', now(), now())"); // the file was edited since
        CHECK(findings(g, "job.overdue").empty());
        g.db.psql("UPDATE pgtend.lease SET schedule = '0 * * * *'");
        CHECK(findings(g, "job.overdue").size() == 1);
        g.db.psql("UPDATE pgtend.lease SET last_slot = date_trunc('hour', now())");
        CHECK(findings(g, "job.overdue").empty());
        g.db.psql("UPDATE pgtend.lease SET last_slot = NULL, holder = 'x', lease_until = now() + "
                  "interval '30 seconds'");
        CHECK(findings(g, "job.overdue").empty());
        g.db.psql("UPDATE pgtend.lease SET holder = NULL, lease_until = NULL, paused = true");
        CHECK(findings(g, "job.overdue").empty());
    }

    TEST_CASE("a backend that works on for a runner that is gone")
    {
        ground const g{hourly};
        registered(g, "hourly", "1 minute");
        {
            auto left = g.db.connect();
            g.db.psql("UPDATE pgtend.lease SET holder = 'host/1/x', lease_until = now() - interval "
                      "'1 minute', backend_pids = ARRAY[" +
                      left.run("SELECT pg_backend_pid()").text(0, 0) +
                      "], backend_starts = ARRAY[(SELECT backend_start FROM pg_stat_activity WHERE "
                      "pid = " +
                      left.run("SELECT pg_backend_pid()").text(0, 0) + ")]");
            CHECK(findings(g, "job.lease") == list{"warning job.lease: hourly"});
            g.db.psql("UPDATE pgtend.lease SET lease_until = now() + interval '1 minute'");
            CHECK(findings(g, "job.lease").empty());
            g.db.psql("UPDATE pgtend.lease SET lease_until = now() - interval '1 minute'");
        }
        eventually("it is gone", [&] { return findings(g, "job.lease").empty(); });
    }

    TEST_CASE("runs that are near their limit, when there were enough of them")
    {
        ground const g{hourly};
        ran(g, 4, "29 minutes");
        CHECK(findings(g, "job.runtime").empty());
        ran(g, 1, "29 minutes");
        CHECK(findings(g, "job.runtime") == list{"warning job.runtime: hourly"});
        CHECK(has(g.run({"check", "--only", "job.runtime"}).out, "97 % of its time limit (30 min"));
        g.db.psql("UPDATE pgtend.run SET finished = started + interval '20 minutes'");
        CHECK(findings(g, "job.runtime").empty());
        g.db.psql("UPDATE pgtend.run SET finished = started + interval '59 minutes'");
        CHECK(findings(g, "job.runtime").size() == 2); // the interval as well
    }

    TEST_CASE("two jobs that change rows of one table collide; a vacuum beside them does not")
    {
        auto const jobs = [](std::string const &minute) {
            return "  - { name: a, schedule: \"0 2 * * *\", cleanup: { table: public.t, where: "
                   "\"true\" } }\n"
                   "  - { name: b, schedule: \"" +
                   minute +
                   " 2 * * *\", cleanup: { table: public.t, where: \"true\" } }\n"
                   "  - { name: c, schedule: \"0 2 * * *\", vacuum: { tables: [public.t] } }\n";
        };
        ground const together{jobs("0")}, apart{jobs("30")};
        CHECK(findings(together, "job.collision") == list{"warning job.collision: a, b"});
        CHECK(has(together.run({"check", "--only", "job.collision"}).out,
                  "both are at work on public.t 7 times in the next 7 days"));
        CHECK(findings(apart, "job.collision").empty());
        // Runs that are known to last until then.
        apart.db.psql("INSERT INTO pgtend.run (job, status, started, finished) SELECT 'a', "
                      "'succeeded', now() - interval '1 h', now() - interval '28 min' FROM "
                      "generate_series(1, 5)");
        CHECK(findings(apart, "job.collision").empty()); // cut after ten minutes
    }

    TEST_CASE("schedules that the clocks change, and one that never comes")
    {
        auto const zoned = [](std::string const &zone) {
            return "  - { name: night, timezone: " + zone +
                   ", schedule: \"30 2 * * *\", sql: { text: select 1 } }\n";
        };
        ground const berlin{zoned("Europe/Berlin")}, kinshasa{zoned("Africa/Kinshasa")},
            none{"  - { name: gap, timezone: Europe/Berlin, schedule: \"*/30 2 * 3 sunL\", sql: { "
                 "text: select 1 } }\n"};
        CHECK(findings(berlin, "job.schedule") ==
              list{"warning job.schedule: night", "warning job.schedule: night"});
        CHECK(findings(kinshasa, "job.schedule").empty());
        CHECK(findings(kinshasa, "job.never").empty());
        CHECK(findings(none, "job.never") == list{"error job.never: gap"});
    }

    TEST_CASE("tables by time that nobody looks after, the history of pg_cron, and who does")
    {
        ground const g{"  - { name: parts, schedule: \"0 3 * * *\", partition: {} }\n",
                       "partitions:\n  - { table: public.events, key: at, every: month }\n"};
        g.db.psql("CREATE TABLE public.events (at timestamptz NOT NULL) PARTITION BY RANGE (at); "
                  "CREATE TABLE public.alone (at timestamptz NOT NULL) PARTITION BY RANGE (at); "
                  "CREATE TABLE public.lists (n int) PARTITION BY LIST (n)");
        CHECK(findings(g, "partition.unmanaged") ==
              list{"warning partition.unmanaged: public.alone"});
        g.db.psql("CREATE SCHEMA partman; CREATE TABLE partman.part_config (parent_table text, "
                  "automatic_maintenance text); INSERT INTO partman.part_config VALUES "
                  "('public.alone', 'on')");
        CHECK(findings(g, "partition.unmanaged").empty());
        g.db.psql("CREATE SCHEMA cron; CREATE TABLE cron.job_run_details (runid bigint); INSERT "
                  "INTO cron.job_run_details SELECT generate_series(1, 10); ANALYZE "
                  "cron.job_run_details");
        CHECK(findings(g, "job.cron_history").empty());
        g.db.psql(
            "UPDATE pg_class SET reltuples = 2e6 WHERE oid = 'cron.job_run_details'::regclass");
        CHECK(findings(g, "job.cron_history") ==
              list{"info job.cron_history: cron.job_run_details"});
    }

    TEST_CASE("a declared view that is older than it may be")
    {
        ground const g{
            "  - { name: fill, schedule: \"*/5 * * * *\", refresh: { matview: public.m } "
            "}\n",
            "matviews:\n  - { name: public.m, max_staleness: 15min }\n"};
        g.db.psql("CREATE MATERIALIZED VIEW public.m AS SELECT 1 AS one");
        auto const unknown = findings(g, "matview.stale");
        REQUIRE(unknown.size() == 1);
        CHECK(unknown[0].starts_with("skipped "));
        g.db.psql("INSERT INTO pgtend.run (job, status, started, finished) VALUES ('fill', "
                  "'succeeded', now() - interval '14 min', now() - interval '14 min')");
        CHECK(findings(g, "matview.stale").empty());
        g.db.psql("UPDATE pgtend.run SET started = now() - interval '16 min'");
        CHECK(findings(g, "matview.stale") == list{"warning matview.stale: public.m"});
    }
}
