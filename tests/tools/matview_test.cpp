// SPDX-License-Identifier: Apache-2.0
// matview create, status and refresh as processes: beside readers, two at once, killed on the way.
#include <csignal>
#include <doctest/doctest.h>

#include "support/ground.hpp"
#include "support/hour.hpp"
#include "support/pooler.hpp"

using namespace pgtend;
using test::eventually;
using test::has;

namespace {

// A query that begins to return rows when `gate` has one.
constexpr char gate[] =
    "CREATE TABLE gate (open boolean); CREATE TABLE t AS SELECT generate_series(1, 100) AS id;"
    "CREATE FUNCTION pass() RETURNS boolean VOLATILE LANGUAGE plpgsql AS $$ BEGIN WHILE NOT EXISTS "
    "(SELECT FROM public.gate) LOOP PERFORM pg_sleep(0.01); END LOOP; RETURN true; END $$;";

constexpr char gated[] = "matviews:\n  - { name: public.v, unique_index: [id], query: \"select id "
                         "from public.t where (select public.pass())\" }\n";

constexpr char stats[] =
    "matviews:\n  - { name: public.stats, max_staleness: 10min, unique_index: [day], query: "
    "\"select day, count(*) as n from orders group by day\" }\n";
constexpr char refresh[] =
    "  - { name: fresh, schedule: \"0 * * * *\", refresh: { matview: public.stats } }\n";

// How many backends of pgtend are in this statement, and wait so.
long long working(test::ground const &g, std::string const &statement, std::string const &wait)
{
    return g.count("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
                   "application_name LIKE 'pgtend/%' AND state = 'active' AND wait_event = '" +
                   wait + "' AND query LIKE '" + statement + "%'");
}

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("from a file: missing, created, fresh, too old; each with its exit code")
    {
        test::ground g{refresh, stats};
        g.db.psql("CREATE TABLE orders (day date); INSERT INTO orders VALUES ('2026-01-01')");
        auto const missing = g.run({"matview", "status"});
        CHECK(missing.code == 3);
        CHECK(has(missing.out, "public.stats does not exist: pgtend matview create makes it"));

        auto const shown = g.run({"--dry-run", "matview", "create"});
        CHECK(shown.code == 0);
        CHECK(has(shown.out, "CREATE UNIQUE INDEX \"stats_key\""));
        CHECK(g.run({"matview", "status"}).code == 3);
        auto const created = g.run({"-o", "json", "matview", "create"});
        CHECK_MESSAGE(created.code == 0, created.err);
        CHECK(has(created.out, "\"schema\": \"pgtend/matview-create/1\""));
        CHECK(has(created.out, "\"rows\": 1"));
        auto const again = g.run({"matview", "create", "public.stats"});
        CHECK(again.code == 0);
        CHECK(has(again.out, "public.stats: as declared"));

        auto status = g.run({"-o", "json", "matview", "status"});
        CHECK(status.code == 0);
        CHECK(has(status.out, "\"schema\": \"pgtend/matview-status/1\""));
        CHECK(has(status.out, "the history has no run of fresh that succeeded"));
        CHECK(has(status.out, "\"definition\": \"as_declared\""));
        CHECK(has(status.out, "\"concurrently\": true"));
        CHECK(g.run({"job", "run", "fresh"}).code == 0);
        status = g.run({"-o", "json", "matview", "status"});
        CHECK(status.code == 0);
        CHECK(has(status.out, "\"refreshed_by\": \"fresh\""));
        CHECK(has(status.out, "\"stale\": false"));
        // A failed run since then makes nothing fresher.
        g.db.psql("UPDATE pgtend.run SET started = started - interval '11 minutes'; INSERT INTO "
                  "pgtend.run (job, status, finished) VALUES ('fresh', 'failed', now())");
        status = g.run({"matview", "status"});
        CHECK(status.code == 3);
        CHECK(has(status.out, "its data are 11 min"));
        CHECK(has(status.out, "max_staleness is 10m"));

        CHECK(g.run({"init", "--remove"}).code == 0);
        status = g.run({"matview", "status"});
        CHECK(status.code == 0);
        CHECK(has(status.out, "age unknown"));
        g.db.psql("DROP MATERIALIZED VIEW stats; CREATE MATERIALIZED VIEW stats AS SELECT day FROM "
                  "orders");
        status = g.run({"matview", "status"});
        CHECK(status.code == 3);
        CHECK(has(status.out, "not as declared: column n (bigint) is declared"));
        auto const refused = g.run({"matview", "create"});
        CHECK(refused.code == 1);
        CHECK(has(refused.err, "DROP MATERIALIZED VIEW \"public\".\"stats\";"));
        CHECK(has(g.run({"--dry-run", "matview", "create"}).out, "not as declared"));
        CHECK(g.count("SELECT count(*) FROM stats") == 1);
    }

    TEST_CASE("plan and apply know the section, and leave alone what is not as declared")
    {
        test::ground g{"", "defaults: { search_path: \"app, public\" }\n" + std::string{stats} +
                               "  - { name: public.by_name, query: \"select n from counts\" }\n"};
        g.db.psql("CREATE TABLE orders (day date); CREATE SCHEMA app; CREATE TABLE app.counts (n "
                  "int)");
        auto const shown = g.run({"plan", "--only", "matviews"});
        CHECK(shown.code == 3);
        CHECK(has(shown.out, "create materialized view public.by_name"));
        CHECK(has(g.run({"plan", "-o", "sql", "public.stats"}).out,
                  "CREATE UNIQUE INDEX \"stats_key\""));
        auto const applied = g.run({"apply", "--yes"});
        CHECK_MESSAGE(applied.code == 0, applied.err);
        CHECK(g.run({"plan"}).code == 0);
        g.db.psql("DROP INDEX stats_key; DROP MATERIALIZED VIEW by_name; CREATE MATERIALIZED VIEW "
                  "by_name AS SELECT 1 AS n");
        CHECK(g.run({"apply", "--yes"}).code == 1);
        auto const left = g.run({"plan"});
        CHECK(left.code == 3);
        CHECK(has(left.out, "public.by_name is not as declared"));
        CHECK(!has(left.out, "stats_key"));
        CHECK(!has(left.out, "\\x0A"));
    }

    TEST_CASE("without a file: created by hand, described, and what is wrong on the command line")
    {
        test::database db;
        auto const run = [&](std::vector<std::string> args) {
            args.insert(args.begin(), {"-d", db.dsn()});
            return test::pgtend(args);
        };
        CHECK(run({"matview", "create", "public.v", "--query", "values (1)", "--unique-index",
                   "column1"})
                  .code == 0);
        CHECK(db.value("SELECT column1 FROM v") == "1");
        test::scratch files;
        auto const file = files.write("w.sql", "select 2 as a -- two\n");
        CHECK(run({"matview", "create", "public.w", "--query-file", file, "--no-data"}).code == 0);
        auto const status = run({"matview", "status"});
        CHECK(status.code == 0);
        CHECK(has(status.out, "public.v"));
        CHECK(has(status.out, "not populated"));
        CHECK(has(status.out, "public.w cannot be refreshed beside readers: it is not populated"));
        CHECK(has(run({"-o", "json", "matview", "status", "v"}).out,
                  "\"age_unknown\": \"no job of the file refreshes it\""));
        auto const nothing = run({"matview", "status", "public.vv"});
        CHECK(nothing.code == 3);
        CHECK(has(nothing.out, "did you mean public.v?"));
        CHECK(run({"matview", "create", "v", "--query", "select 1"}).code == 2);
        CHECK(run({"matview", "create", "public.v", "--query", "drop table x"}).code == 2);
        CHECK(run({"matview", "create", "public.v", "--no-data"}).code == 2);
        CHECK(run({"matview", "refresh"}).code == 2);
        CHECK(run({"matview", "refresh", "--all", "public.v"}).code == 2);
        CHECK(run({"matview", "refresh", "--all"}).code == 0);
        CHECK(db.value("SELECT a FROM w") == "2");
    }

    TEST_CASE("F08: readers go on beside a concurrent refresh, wait for a plain one, and are told")
    {
        test::ground g{"", gated};
        g.db.psql(std::string{gate} + "INSERT INTO gate VALUES (true)");
        REQUIRE(g.run({"matview", "create"}).code == 0);
        auto reader = g.db.connect();
        reader.run("SET lock_timeout = '500ms'");
        auto const read = [&] {
            try {
                return reader.run("SELECT count(*) FROM v").text(0, std::size_t{0});
            } catch (error const &e) {
                return e.sqlstate();
            }
        };
        for (std::string const mode : {"yes", "no"}) {
            CAPTURE(mode);
            g.db.psql("DELETE FROM gate; INSERT INTO t SELECT max(id) + 1 FROM t");
            auto const before = read();
            test::process p{
                g.arguments({"matview", "refresh", "public.v", "--concurrently", mode})};
            eventually("it works", [&] { return working(g, "REFRESH", "PgSleep") == 1; });
            CHECK(read() == (mode == "yes" ? before : "55P03"));
            // An unread size keeps the status from waiting.
            auto const status = g.run({"matview", "status"});
            CHECK_MESSAGE(status.code == 0, status.err, status.out);
            g.db.psql("INSERT INTO gate VALUES (true)");
            CHECK(p.wait().code == 0);
            CHECK(read() != before);
        }
        g.db.psql("DROP INDEX v_key");
        auto const plain = g.run({"matview", "refresh", "public.v"});
        CHECK(plain.code == 0);
        CHECK(has(plain.out, "public.v is refreshed while readers wait: it has no unique index"));
    }

    TEST_CASE("F16: two create the same view at once: one does, the other waits and is told")
    {
        test::ground g{"", gated};
        g.db.psql(gate);
        test::process first{g.arguments({"matview", "create"})};
        eventually("the first works", [&] { return working(g, "CREATE", "PgSleep") == 1; });
        test::process second{g.arguments({"matview", "create"})};
        eventually("the second waits", [&] { return working(g, "SELECT", "advisory") == 1; });
        g.db.psql("INSERT INTO gate VALUES (true)");
        CHECK(first.wait().code == 0);
        auto const late = second.wait();
        CHECK(late.code == 1);
        CHECK(has(late.err, "\"v\" already exists (SQLSTATE 42P07)"));
        CHECK(
            g.count("SELECT count(*) FROM pg_index WHERE indrelid = 'v'::regclass AND indisunique "
                    "AND indisvalid") == 1);
        CHECK(g.run({"matview", "create"}).code == 0);
    }

    TEST_CASE(
        "F16: two fill the same view at once: one does, and the other keeps no reader waiting")
    {
        test::ground g{"", gated};
        g.db.psql(gate);
        g.db.psql(
            "CREATE SEQUENCE fillings; CREATE OR REPLACE FUNCTION pass() RETURNS boolean "
            "VOLATILE LANGUAGE plpgsql AS $$ BEGIN PERFORM nextval('public.fillings'); WHILE "
            "NOT EXISTS (SELECT FROM public.gate) LOOP PERFORM pg_sleep(0.01); END LOOP; "
            "RETURN true; END $$; CREATE MATERIALIZED VIEW v AS select id from public.t where "
            "(select public.pass()) WITH NO DATA; CREATE UNIQUE INDEX v_key ON v (id)");
        test::process first{g.arguments({"matview", "create"})};
        eventually("the first works", [&] { return working(g, "REFRESH", "PgSleep") == 1; });
        test::process second{g.arguments({"matview", "create"})};
        eventually("the second waits",
                   [&] { return has(second.errors(), "holds ACCESS EXCLUSIVE on public.v"); });
        g.db.psql("INSERT INTO gate VALUES (true)");
        CHECK(first.wait().code == 0);
        auto const late = second.wait();
        CHECK_MESSAGE(late.code == 0, late.err);
        CHECK(has(late.out, "found done by somebody else meanwhile"));
        CHECK(g.count("SELECT last_value FROM fillings") == 1);
    }

    TEST_CASE("F01, F37: killed while it creates: nothing is left, also when its backend goes on")
    {
        test::ground g{"", gated};
        g.db.psql(gate);
        {
            test::process p{g.arguments({"matview", "create"})};
            eventually("it works", [&] { return working(g, "CREATE", "PgSleep") == 1; });
            p.signal(SIGKILL);
            p.wait();
        }
        test::process next{g.arguments({"matview", "create"})};
        eventually("the next one waits", [&] { return working(g, "SELECT", "advisory") == 1; });
        CHECK(g.count("SELECT count(*) FROM pg_class WHERE relname IN ('v', 'v_key')") == 0);
        g.db.psql("INSERT INTO gate VALUES (true)");
        auto const done = next.wait();
        CHECK_MESSAGE(done.code == 0, done.err);
        CHECK(g.count("SELECT count(*) FROM v") == 100);
        CHECK(g.run({"matview", "status"}).code == 0);
    }

    TEST_CASE("refresh --all: side by side, what is read first; a failure skips those that read it")
    {
        test::database db;
        db.psql(std::string{gate} +
                "INSERT INTO gate VALUES (true);"
                "CREATE MATERIALIZED VIEW a AS SELECT 1 / min(id) AS x FROM t WHERE pass();"
                "CREATE VIEW between AS SELECT x FROM a;"
                "CREATE MATERIALIZED VIEW a_reader AS SELECT x FROM between;"
                "CREATE MATERIALIZED VIEW b AS SELECT max(id) AS x FROM t WHERE pass();"
                "DELETE FROM gate; UPDATE t SET id = id - 1");
        test::process p{
            {"-d", db.dsn(), "-o", "json", "matview", "refresh", "--all", "--workers", "2"}};
        eventually("both work", [&] {
            return db.value("SELECT count(*) FROM pg_stat_activity WHERE datname = "
                            "current_database() AND wait_event = 'PgSleep' AND query LIKE "
                            "'REFRESH%'") == "2";
        });
        db.psql("INSERT INTO gate VALUES (true)");
        auto const done = p.wait();
        CHECK(done.code == 1);
        CHECK(has(done.err, "error: refresh public.a: division by zero (SQLSTATE 22012)"));
        CHECK(has(done.err, "skipped: refresh public.a_reader: not begun, because 'refresh "
                            "public.a' did not succeed"));
        CHECK(db.value("SELECT x FROM b") == "99");
    }

    TEST_CASE("F13: through a pooler in transaction mode: created and compared, and nothing of it "
              "reaches other clients")
    {
        test::database db;
        test::pooler const between{"transaction", 1};
        db.psql("CREATE SCHEMA app; CREATE TABLE app.t AS SELECT 1 AS id");
        test::scratch files;
        auto const config = files.write(
            "pgtend.yaml", "version: 1\ntargets:\n  db: { dsn: \"" + between.dsn(db) +
                               "\" }\ndefaults: { search_path: app }\nmatviews:\n  - { name: "
                               "app.v, unique_index: [id], query: \"select id from t\" }\n");
        auto const created = test::pgtend({"-c", config, "matview", "create"});
        CHECK_MESSAGE(created.code == 0, created.err);
        auto const status = test::pgtend({"-c", config, "-o", "json", "matview", "status"});
        CHECK_MESSAGE(status.code == 0, status.err);
        CHECK(has(status.out, "\"definition\": \"as_declared\""));
        CHECK(has(test::pgtend({"-c", config, "matview", "create"}).out, "app.v: as declared"));
        auto client = test::open(between.dsn(db));
        CHECK(client.run("SHOW search_path").text(0, std::size_t{0}) == "\"$user\", public");
        CHECK(client.run("SELECT count(*) FROM pg_class WHERE relpersistence = 't'")
                  .integer(0, std::size_t{0}) == 0);
    }
}
