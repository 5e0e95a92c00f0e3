// SPDX-License-Identifier: Apache-2.0
// What a runner does when its sessions, its server or its surroundings fail while jobs work.
#include <csignal>
#include <cstdio>
#include <doctest/doctest.h>

#include "support/ground.hpp"
#include "support/hour.hpp"
#include "support/proxy.hpp"

using namespace pgtend;
using test::before;
using test::due;
using test::eventually;
using test::has;
using test::later;

namespace {

// Somebody in this database runs a statement like this.
bool runs(test::ground const &g, std::string const &like)
{
    return g.count("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
                   "state = 'active' AND pid <> pg_backend_pid() AND query LIKE '" +
                   like + "'") > 0;
}

std::string sql_job(std::string const &text, std::string const &more = "")
{
    return "  - { name: j, schedule: \"0 * * * *\"" + more + ", sql: { text: \"" + text +
           "\" } }\n";
}

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("F04: the control session is lost after SIGTERM: the end of the work is recorded all "
              "the same")
    {
        test::ground g{sql_job("insert into hit values (1); select pg_sleep(2)")};
        g.db.psql("CREATE TABLE hit (n int)");
        REQUIRE(g.tick(before).code == 0);
        test::process runner{g.arguments({"tick", "--now", due})};
        eventually("it works", [&] { return runs(g, "%pg_sleep(2)%"); });
        runner.signal(SIGTERM);
        g.db.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = "
                  "current_database() AND application_name = 'pgtend/tick'");
        auto const done = runner.wait();
        CHECK(done.code == 130);
        CHECK(g.runs("j") == "succeeded/1");
        CHECK(g.count("SELECT count(*) FROM hit") == 1);
    }

    TEST_CASE("a ledger that becomes too new meanwhile: running work ends and is recorded, then it "
              "is told")
    {
        test::ground g{sql_job("insert into hit values (1); select pg_sleep(1)") +
                       "  - { name: long, schedule: \"0 * * * *\", sql: { text: \"select "
                       "pg_sleep(3)\" } }\n"};
        g.db.psql("CREATE TABLE hit (n int)");
        REQUIRE(g.tick(before).code == 0);
        test::process runner{g.arguments({"tick", "--now", due})};
        eventually("it works", [&] { return runs(g, "%pg_sleep(3)%"); });
        g.db.psql("UPDATE pgtend.meta SET schema_version = 99");
        auto const done = runner.wait();
        CHECK(done.code == 2);
        CHECK(has(done.err, "newer than this pgtend"));
        CHECK(g.runs("j") == "succeeded/1");
        CHECK(g.runs("long") == "succeeded/1");
        CHECK(g.run({"job", "run", "j"}).code == 2);
        CHECK(g.run({"job", "pause", "j"}).code == 2);
    }

    TEST_CASE("a copy of the database runs nothing, also by hand")
    {
        test::ground g{sql_job("insert into hit values (1)")};
        g.db.psql("CREATE TABLE hit (n int); UPDATE pgtend.meta SET database_oid = 1");
        for (auto const &command :
             {std::vector<std::string>{"tick"}, {"job", "run", "j"}, {"job", "pause", "j"}}) {
            auto const done = g.run(command);
            CHECK(done.code == 2);
            CHECK(has(done.err, "init --adopt"));
        }
        CHECK(g.count("SELECT count(*) FROM hit") == 0);
    }

    TEST_CASE(
        "F39: no connection left for the work: nothing was begun, the slot stays due, also of "
        "a job that may not be repeated; exit 4")
    {
        test::ground g{sql_job("insert into hit values (1)", ", max_age: 1h")};
        auto const role = g.db.name() + "_one";
        g.db.psql("CREATE TABLE hit (n int); CREATE ROLE " + role +
                  " LOGIN CONNECTION LIMIT 1; GRANT ALL ON SCHEMA pgtend TO " + role +
                  "; GRANT ALL ON ALL TABLES IN SCHEMA pgtend TO " + role +
                  "; GRANT ALL ON hit TO " + role);
        REQUIRE(g.tick(before).code == 0);
        auto const as_role = [&](std::vector<std::string> args) {
            args.insert(args.begin(),
                        {"-c", g.config, "-d", g.db.dsn(role), "--connect-timeout", "0s"});
            return test::pgtend(args);
        };
        // Not the target's breaker, which would spare it most of them.
        auto const close_breaker = [&] {
            g.db.psql("UPDATE pgtend.meta SET connect_failures = 0, connect_failed_at = NULL");
        };
        for (int i = 0; i < 7; ++i) {
            close_breaker();
            auto const done = as_role({"tick", "--now", due});
            CHECK(done.code == 4);
            CHECK(has(done.err, "too many connections"));
        }
        CHECK(as_role({"job", "run", "j"}).code == 4);
        g.db.psql("ALTER ROLE " + role + " CONNECTION LIMIT -1");
        close_breaker();
        CHECK(as_role({"tick", "--now", later}).code == 0);
        CHECK(g.count("SELECT count(*) FROM hit") == 1);
        CHECK(has(g.runs("j"), "succeeded/1"));
        g.db.psql("DROP OWNED BY " + role + "; DROP ROLE " + role);
    }

    TEST_CASE("F22: work that does not let itself be cancelled: timed_out in time, its backend "
              "ends with the connection, and the slot is not repeated; the next one runs")
    {
        test::ground g{
            sql_job("insert into hit values (1); select stubborn()", ", timeout: 1s, max_age: 1h")};
        g.db.psql("CREATE TABLE hit (n int); CREATE TABLE gate (shut bool NOT NULL); INSERT INTO "
                  "gate VALUES (true); CREATE FUNCTION stubborn() RETURNS void LANGUAGE plpgsql AS "
                  "$$ BEGIN WHILE (SELECT shut FROM gate) LOOP BEGIN PERFORM pg_sleep(0.1); "
                  "EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP; END $$");
        REQUIRE(g.tick(before).code == 0);
        auto const done = g.tick(due);
        // The limit, the grace of a cancel, and what a busy machine takes.
        CHECK(g.seconds("j") >= 3);
        CHECK(g.seconds("j") < 6);
        CHECK(done.code == 1);
        CHECK(has(done.err, "did not let itself be cancelled"));
        CHECK(g.runs("j") == "timed_out/1");
        // It would stand at the gate for ever, but looks each second whether its client is there.
        eventually(
            "its backend is gone", [&] { return !runs(g, "%stubborn%"); }, std::chrono::seconds{5});
        CHECK(g.count("SELECT count(*) FROM hit") == 0);
        g.db.psql("UPDATE gate SET shut = false");
        CHECK(g.tick(later).code == 0);
        CHECK(g.runs("j") == "timed_out/1");
        CHECK(g.tick(test::next_hour).code == 0);
        CHECK(g.runs("j") == "timed_out/1 succeeded/1");
        CHECK(g.count("SELECT count(*) FROM hit") == 1);
    }

    TEST_CASE(
        "every backend of work outside transactions keeps takeovers out, also one that was cut "
        "off")
    {
        test::database db;
        test::proxy line;
        test::scratch files;
        // Vacuum waits for a lock: it is at work as long as the test likes.
        auto const config =
            files.write("pgtend.yaml",
                        "version: 1\ntargets:\n  db: { dsn: \"" + line.dsn(db.name()) +
                            "\" }\ndefaults: { lock: { deadline: 10min } }\njobs:\n  - { name: v, "
                            "schedule: \"0 "
                            "* * * *\", vacuum: { tables: [public.a, public.b], workers: 2 } }\n");
        auto const direct = files.write(
            "direct.yaml", "version: 1\ntargets:\n  db: { dsn: \"" + db.dsn() +
                               "\" }\njobs:\n  - { name: v, schedule: \"0 * * * *\", vacuum: { "
                               "tables: [public.a, public.b], workers: 2 } }\n");
        db.psql("CREATE TABLE a AS SELECT g FROM generate_series(1, 300000) g;"
                "CREATE TABLE b AS SELECT g FROM generate_series(1, 300000) g;"
                "DELETE FROM a WHERE g % 2 = 0; DELETE FROM b WHERE g % 2 = 0");
        REQUIRE(test::pgtend({"-c", direct, "init", "--test-clock"}).code == 0);
        REQUIRE(test::pgtend({"-c", direct, "tick", "--now", before}).code == 0);
        db.psql("ALTER ROLE postgres IN DATABASE " + db.name() +
                " SET vacuum_cost_delay = '50ms'; ALTER ROLE postgres IN DATABASE " + db.name() +
                " SET vacuum_cost_limit = 20");
        test::process runner{{"-c", config, "--connect-timeout", "1s", "tick", "--now", due}};
        auto const noted = [&] {
            return db.value("SELECT cardinality(backend_pids) FROM pgtend.lease WHERE job = 'v'");
        };
        eventually("both are noted", [&] { return noted() == "2"; });
        eventually("both work", [&] {
            return db.value("SELECT count(*) FROM pg_stat_progress_vacuum p WHERE p.datname = "
                            "current_database()") == "2";
        });
        line.ignore_new(); // no cancel comes through
        line.cut();        // both backends go on
        auto const done = runner.wait();
        CHECK(done.code != 0);
        CHECK(db.value("SELECT count(*) FROM pg_stat_progress_vacuum p WHERE p.datname = "
                       "current_database()") == "2");
        db.psql("UPDATE pgtend.lease SET lease_until = clock_timestamp() - interval '1 second'");
        CHECK(test::pgtend({"-c", direct, "tick", "--now", later}).code == 0);
        CHECK(db.value("SELECT count(*) FROM pgtend.run WHERE job = 'v'") == "1");
        db.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_progress_vacuum WHERE datname = "
                "current_database()");
        eventually("they are gone", [&] {
            return db.value("SELECT count(*) FROM pg_stat_progress_vacuum WHERE datname = "
                            "current_database()") == "0";
        });
        db.psql("ALTER ROLE postgres IN DATABASE " + db.name() + " RESET ALL");
        auto const next = test::pgtend({"-c", direct, "tick", "--now", later});
        CHECK_MESSAGE(next.code == 1, next.err); // it tells of the lost run
        CHECK(db.value("SELECT string_agg(status, ' ' ORDER BY id) FROM pgtend.run WHERE job = "
                       "'v'") == "lost succeeded");
    }

    TEST_CASE("F29: vacuum under default_transaction_read_only, which the role or the database has")
    {
        test::ground g{
            "  - { name: v, schedule: \"0 * * * *\", vacuum: { tables: [public.t] } }\n"};
        g.db.psql("CREATE TABLE t (n int)");
        REQUIRE(g.tick(before).code == 0);
        g.db.psql("ALTER DATABASE " + g.db.name() + " SET default_transaction_read_only = on");
        auto const done = g.tick(due);
        CHECK_MESSAGE(done.code == 0, done.err);
        CHECK(g.runs("v") == "succeeded/1");
    }

    TEST_CASE("F08: what a DO block locks is waited for shortly, too")
    {
        test::ground g{sql_job("do $$ begin alter table public.orders add note text; end $$"),
                       "defaults:\n  lock: { attempt: 100ms, deadline: 4s }\n"};
        g.db.psql("CREATE TABLE orders (id int)");
        REQUIRE(g.tick(before).code == 0);
        auto reader = g.db.connect();
        reader.begin();
        reader.run("SELECT count(*) FROM orders");
        test::process runner{g.arguments({"tick", "--now", due})};
        auto bystander = g.db.connect();
        auto worst = std::chrono::steady_clock::duration{};
        auto const end = std::chrono::steady_clock::now() + std::chrono::seconds{4};
        while (std::chrono::steady_clock::now() < end) {
            auto const begin = std::chrono::steady_clock::now();
            bystander.run("SELECT count(*) FROM orders");
            worst = std::max(worst, std::chrono::steady_clock::now() - begin);
        }
        CHECK(worst > std::chrono::milliseconds{100}); // it did try
        CHECK(worst < std::chrono::milliseconds{1500});
        CHECK(runner.wait().code == 1);
        reader.rollback();
    }

    TEST_CASE(
        "F12: a full disk behind stdout is a failure; what the server says cannot play with the "
        "terminal")
    {
        test::ground g{sql_job("select scream()")};
        g.db.psql(
            "CREATE FUNCTION scream() RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE E'\\x1b[31m"
            "red\\nnext' USING HINT = E'\\x1b[2J'; END $$");
        REQUIRE(g.tick(before).code == 0);
        auto const done = g.tick(due);
        CHECK(done.code == 1);
        CHECK(!has(done.err, "\x1b"));
        CHECK(has(done.err, "red"));
        auto const full = [&](std::string const &command) {
            auto const *binary = std::getenv("PGTEND_BINARY");
            REQUIRE(binary != nullptr);
            auto const line =
                std::string{binary} + " -c " + g.config + " " + command + " >/dev/full 2>/dev/null";
            return WEXITSTATUS(std::system(line.c_str()));
        };
        CHECK(full("job history") == 1);
        CHECK(full("-o json job list") == 1);
    }

    TEST_CASE("F35: rows that a job's SQL returns are counted, not kept")
    {
        test::ground g{sql_job("select repeat('x', 1000) from generate_series(1, 300000)")};
        REQUIRE(g.tick(before).code == 0);
        auto const done = g.tick(due);
        CHECK(done.code == 0);
        CHECK(g.runs("j") == "succeeded/1");
        CHECK(g.db.value("SELECT rows FROM pgtend.run WHERE job = 'j'") == "300000");
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
        CHECK(done.peak < 60'000); // kB; the rows are 300 MB
#endif
    }
}
