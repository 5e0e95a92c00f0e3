// SPDX-License-Identifier: Apache-2.0
// The commands on a real database, as a person or a script calls them.
#include <doctest/doctest.h>

#include "support/ground.hpp"
#include "support/hour.hpp"

using namespace pgtend;
using test::eventually;
using test::has;

namespace {

constexpr char good_and_bad[] =
    "  - { name: good, schedule: \"0 * * * *\", sql: { text: \"insert into hit values (1)\" } }\n"
    "  - { name: bad, schedule: \"0 * * * *\", sql: { text: \"select 1/0\" } }\n";

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("tick: a failing job does not stop another one, and the exit code tells of it")
    {
        test::ground g{good_and_bad};
        g.db.psql("CREATE TABLE hit (n int)");
        auto const first = g.tick("2026-01-01T00:30:00Z");
        CHECK(first.code == 0);
        CHECK(first.out.empty());
        CHECK(has(first.err, "new job good"));
        auto const second = g.tick("2026-01-01T01:00:05Z");
        CHECK(second.code == 1);
        CHECK(has(second.err, "job bad failed: division by zero (SQLSTATE 22012)"));
        CHECK(g.runs("good") == "succeeded/1");
        CHECK(g.runs("bad") == "failed/1");
        CHECK(g.count("SELECT count(*) FROM hit") == 1);
        auto const nothing = g.tick("2026-01-01T01:01:05Z");
        CHECK(nothing.code == 0);
        CHECK(nothing.out.empty());
        CHECK(nothing.err.empty());
    }

    TEST_CASE("tick -t all: targets side by side; one that is down or has no ledger stops no other")
    {
        test::database good, bare;
        test::scratch files;
        auto const config = files.write(
            "pgtend.yaml",
            "version: 1\ntargets:\n"
            "  bare: { dsn: \"" +
                bare.dsn() +
                "\" }\n"
                "  down: { dsn: \"host=127.0.0.1 port=1 connect_timeout=1\" }\n"
                "  good: { dsn: \"" +
                good.dsn() +
                "\" }\n"
                "jobs:\n"
                "  - { name: hello, schedule: \"0 * * * *\", sql: { text: \"select 1\" } }\n"
                "  - { name: elsewhere, target: bare, schedule: \"0 * * * *\", sql: { text: "
                "\"select "
                "1\" } }\n");
        CHECK(test::pgtend({"-c", config, "-t", "good", "init", "--test-clock"}).code == 0);
        auto const tick = [&](std::string const &now) {
            return test::pgtend({"-c", config, "-t", "all", "--connect-timeout", "2s", "-o", "json",
                                 "tick", "--now", now});
        };
        auto const first = tick("2026-01-01T00:30:00Z");
        CHECK(first.code == 4); // one cannot be reached: what most needs attention
        CHECK(has(first.err, "bare: "));
        CHECK(has(first.err, "pgtend init"));
        CHECK(has(first.err, "down: cannot connect"));
        CHECK(has(first.err, "good: new job hello"));
        auto const second = tick("2026-01-01T01:00:05Z");
        CHECK(has(second.out, "\"target\": \"good\""));
        CHECK(good.value("SELECT string_agg(job || '/' || status, ' ') FROM pgtend.run") ==
              "hello/succeeded");
    }

    TEST_CASE("a dry run of what cannot be done fails as the work would")
    {
        test::ground g{"  - { name: gone, schedule: \"0 * * * *\", cleanup: { table: public.gone, "
                       "where: \"true\" } }\n"};
        auto const by_hand = test::pgtend(
            {"-d", g.db.dsn(), "--dry-run", "cleanup", "public.gone", "--where", "true"});
        CHECK(by_hand.code == 1);
        CHECK(has(by_hand.err, "public.gone"));
        CHECK(has(by_hand.out, "-- dry run: nothing was changed"));
        auto const job = g.run({"--dry-run", "job", "run", "gone"});
        CHECK(job.code == 1);
        CHECK(has(job.err, "public.gone"));
        g.db.psql("CREATE TABLE gone (id int)");
        CHECK(g.run({"--dry-run", "job", "run", "gone"}).code == 0);
    }

    TEST_CASE("tick --now is refused on a ledger that is not for tests")
    {
        test::database db;
        test::scratch files;
        auto const config =
            files.write("pgtend.yaml", "version: 1\ntargets:\n  db: { dsn: \"" + db.dsn() +
                                           "\" }\njobs:\n" + good_and_bad);
        CHECK(test::pgtend({"-c", config, "init"}).code == 0);
        auto const done = test::pgtend({"-c", config, "tick", "--now", "2030-01-01T00:00:00Z"});
        CHECK(done.code == 2);
        CHECK(has(done.err, "--test-clock"));
        CHECK(db.value("SELECT count(*) FROM pgtend.lease") == "0");
    }

    TEST_CASE("job list, show and history tell what happened, as text and as JSON")
    {
        test::ground g{good_and_bad};
        g.db.psql("CREATE TABLE hit (n int)");
        g.tick("2026-01-01T00:30:00Z");
        g.tick("2026-01-01T01:00:05Z");
        auto const list = g.run({"job", "list"});
        CHECK(list.code == 0);
        CHECK(list.err.empty());
        CHECK(has(list.out, "division by zero"));
        auto const json = g.run({"-o", "json", "job", "list"});
        CHECK(has(json.out, "\"schema\": \"pgtend/job-list/1\""));
        CHECK(has(json.out, "\"last_status\": \"failed\""));
        auto const show = g.run({"job", "show", "bad"});
        CHECK(show.code == 0);
        CHECK(has(show.out, "at minute 0 of every hour"));
        CHECK(has(show.out, ":6:")); // declared at file:line
        auto const history = g.run({"-o", "json", "job", "history", "--status", "failed"});
        CHECK(has(history.out, "\"sqlstate\": \"22012\""));
        CHECK(!has(history.out, "\"job\": \"good\""));
        for (auto const *command : {"show", "run", "history", "pause", "resume", "reset"}) {
            auto const mistyped = g.run({"job", command, "goood"});
            CHECK(mistyped.code == 2);
            CHECK(has(mistyped.err, "did you mean 'good'?"));
        }
        CHECK(g.run({"job", "history", "--since", "soon"}).code == 2);
    }

    TEST_CASE("job run: now, by hand, without a slot; exit 5 while another run has the job")
    {
        test::ground g{
            "  - { name: slow, schedule: \"0 * * * *\", sql: { text: \"select pg_sleep(2)\" } }\n"};
        test::process first{g.arguments({"job", "run", "slow"})};
        eventually("it runs", [&] { return g.runs("slow") == "running/1"; });
        auto const second = g.run({"job", "run", "slow"});
        CHECK(second.code == 5);
        CHECK(has(second.err, "slow"));
        CHECK(first.wait().code == 0);
        CHECK(g.runs("slow") == "succeeded/1");
        CHECK(g.count("SELECT count(*) FROM pgtend.run WHERE slot IS NULL") == 1);
    }

    TEST_CASE("job run of a watch with findings exits 3; told once; tick does not mind")
    {
        test::ground g{
            "  - name: watch\n    schedule: \"* * * * *\"\n    watch:\n      query: \"select 'a' "
            "|| id as key, id from seen\"\n"
            "      key: key\n      insert: { table: public.told, columns: [key, id] }\n"};
        g.db.psql("CREATE TABLE seen (id int); INSERT INTO seen VALUES (1), (2); CREATE TABLE told "
                  "(key text UNIQUE, id int)");
        CHECK(g.tick("2026-01-01T00:00:30Z").code == 0);
        CHECK(g.tick("2026-01-01T00:01:05Z").code == 0);
        CHECK(g.count("SELECT count(*) FROM told") == 2);
        g.db.psql("INSERT INTO seen VALUES (3)");
        CHECK(g.run({"job", "run", "watch"}).code == 3);
        CHECK(g.count("SELECT count(*) FROM told") == 3);
        g.db.psql("DELETE FROM seen");
        CHECK(g.run({"job", "run", "watch"}).code == 0);
    }

    TEST_CASE("job pause and resume: nothing is claimed meanwhile, what was missed runs once")
    {
        test::ground g{"  - { name: good, schedule: \"* * * * *\", sql: { text: \"insert into hit "
                       "values (1)\" } }\n"};
        g.db.psql("CREATE TABLE hit (n int)");
        g.tick("2026-01-01T00:00:30Z");
        for (auto const *change : {"pause", "resume", "reset"}) {
            CHECK(g.run({"--dry-run", "job", change, "good"}).code == 2);
        }
        CHECK(!has(g.run({"job", "list"}).out, "paused"));
        CHECK(g.run({"job", "pause", "good", "--because", "migration"}).code == 0);
        CHECK(g.tick("2026-01-01T00:01:05Z").code == 0);
        CHECK(g.count("SELECT count(*) FROM hit") == 0);
        CHECK(has(g.run({"job", "list"}).out, "paused"));
        CHECK(g.run({"job", "resume", "good"}).code == 0);
        CHECK(g.run({"job", "pause", "--all"}).code == 0);
        CHECK(g.tick("2026-01-01T00:05:05Z").code == 0);
        CHECK(g.count("SELECT count(*) FROM hit") == 0);
        CHECK(g.run({"job", "resume", "--all"}).code == 0);
        CHECK(g.tick("2026-01-01T00:10:05Z").code == 0);
        CHECK(g.count("SELECT count(*) FROM hit") == 1);
    }

    TEST_CASE("a dry run prints SQL and changes nothing")
    {
        test::database db;
        db.psql("CREATE TABLE t (id int PRIMARY KEY, at timestamptz NOT NULL DEFAULT now()); "
                "INSERT INTO t SELECT generate_series(1, 10);"
                "CREATE TABLE p (at timestamptz NOT NULL) PARTITION BY RANGE (at);"
                "CREATE MATERIALIZED VIEW m AS SELECT count(*) FROM t");
        auto const dsn = db.dsn();
        auto const catalog = [&] {
            return db.value("SELECT md5(string_agg(c.oid || c.relname || c.relfilenode, ',' ORDER "
                            "BY c.oid)) FROM pg_class c");
        };
        auto const before = catalog();
        auto const cleanup =
            test::pgtend({"-d", dsn, "--dry-run", "cleanup", "public.t", "--where", "id > 5"});
        CHECK_MESSAGE(cleanup.code == 0, cleanup.err);
        CHECK(has(cleanup.out, "DELETE"));
        auto const create = test::pgtend({"-d", dsn, "--dry-run", "partition", "create", "public.p",
                                          "--key", "at", "--every", "month"});
        CHECK_MESSAGE(create.code == 0, create.err);
        CHECK(has(create.out, "ATTACH PARTITION"));
        CHECK(has(create.out, "SHARE UPDATE EXCLUSIVE"));
        auto const later =
            test::pgtend({"-d", dsn, "--dry-run", "partition", "create", "public.p", "--key", "at",
                          "--every", "month", "--premake", "0", "--at", "2031-05-17T00:00:00Z"});
        CHECK_MESSAGE(later.code == 0, later.err);
        CHECK(has(later.out, "p_2031_05"));
        CHECK(!has(create.out, "p_2031_05"));
        auto const in_earnest = test::pgtend({"-d", dsn, "partition", "create", "public.p", "--key",
                                              "at", "--every", "month", "--at", "31d"});
        CHECK(in_earnest.code == 2);
        CHECK(has(in_earnest.err, "--dry-run"));
        CHECK(test::pgtend({"-d", dsn, "--dry-run", "matview", "refresh", "public.m"}).code == 0);
        CHECK(test::pgtend({"-d", dsn, "--dry-run", "vacuum", "run", "public.t"}).code == 0);
        CHECK(catalog() == before); // a refreshed view would have another file
        CHECK(db.value("SELECT count(*) FROM t") == "10");
        CHECK(db.value("SELECT count(*) FROM pg_inherits WHERE inhparent = 'p'::regclass") == "0");
    }

    TEST_CASE("commands by hand, without file and without init")
    {
        test::database db;
        db.psql("CREATE TABLE t (id int PRIMARY KEY, state text NOT NULL); INSERT INTO t SELECT i, "
                "CASE i % 2 WHEN 0 THEN 'old' ELSE 'new' END FROM generate_series(1, 1000) i;"
                "CREATE TABLE p (at timestamptz NOT NULL) PARTITION BY RANGE (at);"
                "CREATE MATERIALIZED VIEW m AS SELECT count(*) AS n FROM t WITH NO DATA");
        auto const run = [&](std::vector<std::string> args) {
            args.insert(args.begin(), {"-d", db.dsn()});
            auto done = test::pgtend(args);
            CHECK_MESSAGE(done.code == 0, done.err);
            return done;
        };
        CHECK(has(run({"-o", "json", "expire", "t", "--where", "state = 'old' and id <= 100",
                       "--set", "state=gone"})
                      .out,
                  "\"rows\": 50"));
        CHECK(has(run({"-o", "json", "cleanup", "public.t", "--where", "state = 'old'"}).out,
                  "\"rows\": 450"));
        CHECK(db.value("SELECT count(*) FROM t") == "550");
        run({"partition", "create", "public.p", "--key", "at", "--every", "month", "--from",
             "2026-01", "--premake", "2"});
        CHECK(std::stoi(db.value(
                  "SELECT count(*) FROM pg_inherits WHERE inhparent = 'p'::regclass")) >= 3);
        run({"matview", "refresh", "public.m"});
        CHECK(db.value("SELECT n FROM m") == "550");
        run({"vacuum", "run", "--analyze", "public.t"});
        eventually("the vacuum is counted", [&] {
            return db.value("SELECT vacuum_count > 0 AND analyze_count > 0 FROM "
                            "pg_stat_user_tables WHERE relname = 't'") == "t";
        });
        CHECK(db.value("SELECT count(*) FROM pg_namespace WHERE nspname = 'pgtend'") == "0");
    }

    TEST_CASE("init: repeated, removed, printed grants, and a copy that has to be adopted")
    {
        test::ground g{
            "  - { name: good, schedule: \"* * * * *\", sql: { text: \"select 1\" } }\n"};
        CHECK(has(g.run({"init"}).out, "nothing to do"));
        CHECK(has(g.run({"init", "--print-grants", "keeper"}).out, "GRANT"));
        CHECK(g.run({"init", "--print-grants", std::string(64, 'x')}).code == 2);
        g.db.psql("UPDATE pgtend.meta SET database_oid = 1");
        auto const copy = g.tick("2026-01-01T00:00:30Z");
        CHECK(copy.code == 2);
        CHECK(has(copy.err, "--adopt"));
        CHECK(g.run({"init", "--adopt"}).code == 0);
        CHECK(g.tick("2026-01-01T00:00:30Z").code == 0);
        g.db.psql("UPDATE pgtend.meta SET schema_version = 99");
        CHECK(g.tick("2026-01-01T00:01:30Z").code == 2);
        g.db.psql("UPDATE pgtend.meta SET schema_version = 2");
        CHECK(g.run({"init", "--remove"}).code == 0);
        CHECK(g.db.value("SELECT count(*) FROM pg_namespace WHERE nspname = 'pgtend'") == "0");
    }

    TEST_CASE("a target that expects another database or host is not touched")
    {
        test::database db;
        test::scratch files;
        auto const with = [&](std::string const &expect) {
            return files.write("expect.yaml", "version: 1\ntargets:\n  db: { dsn: \"" + db.dsn() +
                                                  "\", expect: " + expect + " }\n");
        };
        auto const other = test::pgtend({"-c", with("{ database: production }"), "init"});
        CHECK(other.code == 4);
        CHECK(has(other.err, "expects production"));
        CHECK(test::pgtend({"-c", with("{ host: db.example.com }"), "init"}).code == 4);
        CHECK(db.value("SELECT count(*) FROM pg_namespace WHERE nspname = 'pgtend'") == "0");
        CHECK(test::pgtend({"-c", with("{ database: " + db.name() + " }"), "init"}).code == 0);
    }

    TEST_CASE("no server: exit 4, and what can be told apart is told")
    {
        auto const refused = test::pgtend({"-d", "host=127.0.0.1 port=1", "--connect-timeout", "1s",
                                           "cleanup", "t", "--where", "true"});
        CHECK(refused.code == 4);
        test::database db;
        auto const unknown =
            test::pgtend({"-d", test::server_dsn() + " dbname=no_such_database", "init"});
        CHECK(unknown.code == 4);
        CHECK(has(unknown.err, "3D000"));
    }
}
