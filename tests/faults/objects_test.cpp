// SPDX-License-Identifier: Apache-2.0
// Tables that are locked, gone, or not ours.
#include <csignal>
#include <doctest/doctest.h>
#include <thread>

#include "support/ground.hpp"
#include "support/hour.hpp"

using namespace pgtend;
using test::before;
using test::due;
using test::eventually;
using test::has;

namespace {

// How often `text` has it.
int times(std::string const &text, std::string const &part)
{
    int out = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
        ++out;
    }
    return out;
}

// Of what -v tells: how often a lock was queued for in vain, and how often it was looked whether
// somebody has it.
int tries(std::string const &err)
{
    return times(err, "failed with 55P03: ");
}
int looks(std::string const &err)
{
    return times(err, "JOIN pg_catalog.pg_locks l ON ");
}

// A job that makes partitions.
constexpr char partition_job[] = "  - { name: parts, schedule: \"0 * * * *\", partition: {} }\n";
constexpr char short_of_time[] = "defaults:\n  lock: { attempt: 100ms, deadline: 2s }\n";
constexpr char monthly_orders[] =
    "partitions:\n  - { table: public.orders, key: at, every: month, from: 2026-01, premake: 1 }\n";

long long order_partitions(test::ground const &g)
{
    return g.count("SELECT count(*) FROM pg_inherits WHERE inhparent = 'orders'::regclass");
}

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("F08: a locked table: given up in time, the holder named, other jobs run, nobody "
              "queues behind it, and the next slot makes up for it")
    {
        test::ground g{std::string{partition_job} +
                           "  - { name: other, schedule: \"0 * * * *\", cleanup: { table: "
                           "public.elsewhere, where: \"true\" } }\n",
                       std::string{short_of_time} + monthly_orders};
        g.db.psql("CREATE TABLE orders (id int, at timestamptz NOT NULL) PARTITION BY RANGE (at);"
                  "CREATE TABLE elsewhere (id int); INSERT INTO elsewhere VALUES (1)");
        REQUIRE(g.tick(before).code == 0);
        auto holder = g.db.connect();
        holder.run("SET application_name = 'the-holder'");
        holder.begin();
        holder.run("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE");

        auto const done = g.run({"-v", "tick", "--now", due});
        CHECK(done.code == 1);
        CHECK(g.seconds("parts") >= 2);
        CHECK(g.seconds("parts") < 4);
        CHECK(has(done.err, "the-holder"));
        CHECK(has(done.err, std::to_string(holder.backend_pid())));
        CHECK(looks(done.err) > 5);  // it looked again and again
        CHECK(tries(done.err) == 0); // and never stood in the queue
        CHECK(g.runs("parts") == "failed/1");
        CHECK(g.runs("other") == "succeeded/1");
        CHECK(g.count("SELECT count(*) FROM elsewhere") == 0);
        CHECK(g.db.value("SELECT sqlstate FROM pgtend.run WHERE job = 'parts'") == "55P03");
        holder.rollback();
        CHECK(order_partitions(g) == 0);
        CHECK(g.tick(test::next_hour).code == 0);
        CHECK(g.runs("parts") == "failed/1 succeeded/1");
        CHECK(order_partitions(g) >= 2);
    }

    TEST_CASE("F08: a lock that somebody takes just before: tried, looked at from then on, and had "
              "when he is gone")
    {
        test::ground g{partition_job, monthly_orders};
        g.db.psql("CREATE TABLE orders (id int, at timestamptz NOT NULL) PARTITION BY RANGE (at)");
        REQUIRE(g.tick(before).code == 0);
        test::process runner{g.arguments({"-v", "tick", "--now", due}),
                             {{"PGTEND_STOP_AT", "before begin"}}};
        eventually("it has looked", [&] { return runner.stands_still(); });
        auto holder = g.db.connect();
        holder.begin();
        holder.run("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE");
        runner.signal(SIGCONT);
        eventually("it has tried", [&] { return tries(runner.errors()) > 0; });
        auto const looked = looks(runner.errors());
        eventually("it has looked again", [&] { return looks(runner.errors()) > looked + 1; });
        CHECK(order_partitions(g) == 0);
        holder.rollback();
        auto const done = runner.wait();
        CHECK_MESSAGE(done.code == 0, done.err);
        CHECK(tries(done.err) == 1);
        CHECK(g.runs("parts") == "succeeded/1");
        CHECK(order_partitions(g) >= 2);
    }

    TEST_CASE("F08: while a reader keeps a table busy, others never wait for pgtend longer than an "
              "attempt")
    {
        test::ground g{partition_job, std::string{short_of_time} + monthly_orders};
        g.db.psql("CREATE TABLE orders (id int, at timestamptz NOT NULL) PARTITION BY RANGE (at);"
                  "CREATE TABLE orders_rest PARTITION OF orders DEFAULT");
        REQUIRE(g.tick(before).code == 0);
        test::process runner{g.arguments({"-v", "tick", "--now", due}),
                             {{"PGTEND_STOP_AT", "before begin"}}};
        eventually("it has looked", [&] { return runner.stands_still(); });
        auto reader = g.db.connect(); // keeps ATTACH from locking the default partition
        reader.begin();
        reader.run("SELECT count(*) FROM orders");
        auto bystander = g.db.connect();
        runner.signal(SIGCONT);
        auto worst = std::chrono::steady_clock::duration{};
        auto const end = std::chrono::steady_clock::now() + std::chrono::seconds{2};
        while (std::chrono::steady_clock::now() < end) {
            auto const begin = std::chrono::steady_clock::now();
            bystander.run("SELECT count(*) FROM orders");
            worst = std::max(worst, std::chrono::steady_clock::now() - begin);
        }
        CHECK(worst < std::chrono::milliseconds{250});
        auto const done = runner.wait();
        CHECK(done.code == 1);
        CHECK(tries(done.err) > 0); // it did stand in the queue
        CHECK(order_partitions(g) == 1);
        reader.rollback();
        CHECK(g.tick(test::next_hour).code == 0);
        CHECK(g.runs("parts") == "failed/1 succeeded/1");
        CHECK(order_partitions(g) >= 3);
    }

    TEST_CASE("F08: DDL in a job's own SQL waits for its lock as shortly as any other")
    {
        test::ground g{"  - { name: ddl, schedule: \"0 * * * *\", sql: { text: \"alter table "
                       "public.orders add note text; insert into public.orders values (2)\" } }\n",
                       "defaults:\n  lock: { attempt: 100ms, deadline: 2s }\n"};
        g.db.psql("CREATE TABLE orders (id int)");
        REQUIRE(g.tick(before).code == 0);
        auto reader = g.db.connect(); // ALTER TABLE waits for it, and all others for ALTER TABLE
        reader.begin();
        reader.run("SELECT count(*) FROM orders");
        test::process runner{g.arguments({"tick", "--now", due})};
        auto bystander = g.db.connect();
        auto worst = std::chrono::steady_clock::duration{};
        long long attempts = 0;
        auto const end = std::chrono::steady_clock::now() + std::chrono::seconds{2};
        while (std::chrono::steady_clock::now() < end) {
            auto const begin = std::chrono::steady_clock::now();
            bystander.run("SELECT count(*) FROM orders");
            auto const took = std::chrono::steady_clock::now() - begin;
            worst = std::max(worst, took);
            attempts += took > std::chrono::milliseconds{20} ? 1 : 0;
        }
        CHECK(worst < std::chrono::milliseconds{250});
        CHECK(attempts > 0); // it did try meanwhile
        CHECK(runner.wait().code == 1);
        CHECK(g.db.value("SELECT sqlstate FROM pgtend.run WHERE job = 'ddl'") == "55P03");
        CHECK(g.count("SELECT count(*) FROM orders") == 0);
        reader.rollback();
    }

    TEST_CASE("F08: a job's own SQL that cannot have a lock tells who works on the tables it names")
    {
        for (std::string const text : {"alter table \\\"the Orders\\\" add if not exists note text",
                                       "update \\\"the Orders\\\" set id = 2"}) {
            CAPTURE(text);
            test::ground g{"  - { name: own, schedule: \"0 * * * *\", sql: { text: \"" + text +
                               "\" } }\n",
                           "defaults:\n  lock: { attempt: 100ms, deadline: 1s }\n"};
            g.db.psql(
                "CREATE TABLE \"the Orders\" (id int); INSERT INTO \"the Orders\" VALUES (1)");
            REQUIRE(g.tick(before).code == 0);
            auto holder = g.db.connect();
            holder.begin();
            holder.run("UPDATE \"the Orders\" SET id = 3");
            auto reader = g.db.connect(); // in nobody's way but that of ALTER TABLE
            reader.begin();
            reader.run("SELECT count(*) FROM \"the Orders\"");
            auto const done = g.tick(due);
            CHECK(done.code == 1);
            auto const tells_of = [&](pg::session const &who) {
                return has(done.err, "pid " + std::to_string(who.backend_pid()) + " (");
            };
            CHECK(tells_of(reader) == text.starts_with("alter"));
            CHECK(tells_of(holder));
            CHECK(done.err.find("pg_terminate_backend") == std::string::npos);
            CHECK(has(done.err, "who may hold it, on the tables that it names: pid "));
            CHECK(done.err.find("holds ROW EXCLUSIVE on \"the Orders\"") != std::string::npos);
            CHECK(done.err.find("each for a short time") == std::string::npos);
            holder.rollback();
        }
    }

    TEST_CASE("F38: a table that is gone: an error for it, the rest of the job goes on")
    {
        test::ground g{"  - name: clean\n    schedule: \"0 * * * *\"\n    cleanup:\n      tables:\n"
                       "        - { table: public.gone, where: \"true\" }\n        - { table: "
                       "public.here, where: \"true\" }\n"};
        g.db.psql("CREATE TABLE gone (id int); CREATE TABLE here (id int); INSERT INTO here VALUES "
                  "(1), (2)");
        REQUIRE(g.tick(before).code == 0);
        g.db.psql("DROP TABLE gone");
        auto const done = g.tick(due);
        CHECK(done.code == 1);
        CHECK(done.err.find("public.gone") != std::string::npos);
        CHECK(g.count("SELECT count(*) FROM here") == 0);
        CHECK(g.runs("clean") == "failed/1");
    }

    TEST_CASE(
        "F38: partitions that are dropped, detached and added in the middle of a cleanup: an "
        "error for the one, a note for the other, the rest is done, the next run does the new")
    {
        test::ground g{"  - { name: clean, schedule: \"0 * * * *\", cleanup: { table: "
                       "public.orders, where: \"old\" } }\n"};
        g.db.psql("REVOKE CREATE ON SCHEMA public FROM PUBLIC"); // so from PostgreSQL 15 on
        g.db.psql("CREATE TABLE orders (part int NOT NULL, old boolean NOT NULL) PARTITION BY LIST "
                  "(part)");
        auto const add = [&](std::string const &n) {
            g.db.psql("CREATE TABLE orders_" + n + " PARTITION OF orders FOR VALUES IN (" + n +
                      "); INSERT INTO orders SELECT " + n +
                      ", i % 2 = 0 FROM generate_series(1, 20) i");
        };
        auto const old_rows = [&](std::string const &table) {
            return g.count("SELECT count(*) FROM " + table + " WHERE old");
        };
        for (auto const *n : {"1", "2", "3", "4"}) {
            add(n);
        }
        // No lock, for which a batch would wait for a short time only.
        g.db.psql("CREATE TABLE gate AS SELECT true AS shut; CREATE FUNCTION wait() RETURNS "
                  "trigger LANGUAGE plpgsql AS 'BEGIN WHILE (SELECT shut FROM gate) LOOP PERFORM "
                  "pg_sleep(0.02); END LOOP; RETURN OLD; END';"
                  "CREATE TRIGGER wait BEFORE DELETE ON orders_1 FOR EACH ROW EXECUTE FUNCTION "
                  "wait()");
        REQUIRE(g.tick(before).code == 0);
        test::process runner{g.arguments({"tick", "--now", due})};
        eventually("it is at the first partition", [&] {
            return g.count("SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
                           "WHERE a.datname = current_database() AND a.application_name = "
                           "'pgtend/tick/clean' AND l.relation = 'gate'::regclass") == 1;
        });
        g.db.psql("DROP TABLE orders_2; ALTER TABLE orders DETACH PARTITION orders_3");
        add("5");
        g.db.psql("UPDATE gate SET shut = false");
        auto const done = runner.wait();
        CHECK_MESSAGE(done.code == 1, done.err);
        CHECK_MESSAGE(has(done.err, "public.orders_2"), done.err);
        for (auto const *other : {"orders_1", "orders_3", "orders_4", "orders_5"}) {
            CHECK_MESSAGE(!has(done.err, other), done.err);
        }
        CHECK(g.runs("clean") == "failed/1");
        CHECK(g.db.value("SELECT rows FROM pgtend.run WHERE job = 'clean'") == "20");
        CHECK(g.db.value("SELECT output FROM pgtend.run WHERE job = 'clean'") ==
              "public.orders: public.orders_3 was detached from public.orders while this ran, or "
              "another table has its name now; it was left alone");
        CHECK(old_rows("orders_3") == 10); // it is no part of the table any more
        CHECK(old_rows("orders_4") == 0);
        CHECK(old_rows("orders_5") == 10);
        CHECK(g.tick(test::next_hour).code == 0);
        CHECK(g.runs("clean") == "failed/1 succeeded/1");
        CHECK(old_rows("orders") == 0);
        CHECK(old_rows("orders_3") == 10);
        CHECK(g.count("SELECT count(*) FROM orders") == 30);
    }

    TEST_CASE("F38: tables that are dropped and renamed in the middle of a vacuum: an error for "
              "each, the rest is done")
    {
        test::ground g{"  - { name: v, schedule: \"0 * * * *\", vacuum: { tables: [public.a, "
                       "public.b, public.c, public.d] } }\n"};
        for (auto const *table : {"a", "b", "c", "d"}) {
            g.db.psql(std::string{"CREATE TABLE "} + table +
                      " WITH (autovacuum_enabled = off) AS SELECT i FROM generate_series(1, 10) i");
        }
        auto const vacuumed = [&] {
            return g.db.value(
                "SELECT coalesce(string_agg(relname, ' ' ORDER BY relname), '') FROM "
                "pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace "
                "AND reltuples = 10");
        };
        REQUIRE(g.tick(before).code == 0);
        test::process runner{g.arguments({"tick", "--now", due}),
                             {{"PGTEND_STOP_AT", "after outside"}}};
        eventually("it stands still", [&] { return runner.stands_still(); });
        CHECK(vacuumed() == "a");
        g.db.psql("DROP TABLE b; ALTER TABLE c RENAME TO e");
        runner.signal(SIGCONT);
        auto const done = runner.wait();
        CHECK_MESSAGE(done.code == 1, done.err);
        CHECK_MESSAGE(has(done.err, "public.b"), done.err);
        auto const output = g.db.value("SELECT output FROM pgtend.run WHERE job = 'v'");
        CHECK_MESSAGE(has(output, "vacuum public.c: relation \"public.c\" does not exist"), output);
        for (auto const *other : {"public.a", "public.d", "public.e"}) {
            CHECK(!has(done.err + output, other));
        }
        CHECK(g.runs("v") == "failed/1");
        CHECK(vacuumed() == "a d");
    }

    TEST_CASE("F38: rows in the default partition that belong elsewhere: told, and other tables "
              "get their partitions")
    {
        test::ground g{
            "  - { name: parts, schedule: \"0 * * * *\", partition: {} }\n",
            "partitions:\n  - { table: public.a, key: at, every: month, from: 2026-01, premake: 1 "
            "}\n"
            "  - { table: public.b, key: at, every: month, from: 2026-01, premake: 1 }\n"};
        g.db.psql("CREATE TABLE a (id int, at timestamptz NOT NULL) PARTITION BY RANGE (at);"
                  "CREATE TABLE a_rest PARTITION OF a DEFAULT; INSERT INTO a VALUES (1, "
                  "date_trunc('month', now()) + interval '1 day');"
                  "CREATE TABLE b (id int, at timestamptz NOT NULL) PARTITION BY RANGE (at)");
        REQUIRE(g.tick(before).code == 0);
        auto const done = g.tick(due);
        CHECK(done.code == 1);
        CHECK(done.err.find("a_rest") != std::string::npos);
        CHECK(g.count("SELECT count(*) FROM pg_inherits WHERE inhparent = 'b'::regclass") >= 2);
        CHECK(g.count("SELECT count(*) FROM a") == 1);
    }

    TEST_CASE("a role without rights, and one that a policy hides rows from: failures that say so")
    {
        test::database db;
        db.psql(
            "DROP ROLE IF EXISTS pgtend_test_bare; CREATE ROLE pgtend_test_bare LOGIN;"
            "CREATE TABLE closed (id int); INSERT INTO closed VALUES (1);"
            "CREATE TABLE hidden (id int, mine boolean); INSERT INTO hidden VALUES (1, true), (2, "
            "false);"
            "GRANT SELECT, DELETE ON hidden TO pgtend_test_bare;"
            "ALTER TABLE hidden ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON hidden USING (mine)");
        auto const dsn = db.dsn("pgtend_test_bare");
        auto const denied =
            test::pgtend({"-d", dsn, "cleanup", "public.closed", "--where", "true"});
        CHECK(denied.code == 1);
        CHECK(denied.err.find("42501") != std::string::npos);
        CHECK(denied.err.find("GRANT") != std::string::npos);

        auto const filtered =
            test::pgtend({"-d", dsn, "cleanup", "public.hidden", "--where", "true"});
        CHECK(filtered.code == 1);
        CHECK(filtered.err.find("row-level security") + filtered.err.find("row_security") !=
              2 * std::string::npos);
        CHECK(db.value("SELECT count(*) FROM hidden") == "2");
        auto const chosen = test::pgtend(
            {"-d", dsn, "cleanup", "public.hidden", "--where", "true", "--row-security"});
        CHECK_MESSAGE(chosen.code == 0, chosen.err);
        CHECK(db.value("SELECT count(*) FROM hidden") == "1");
        db.psql("DROP OWNED BY pgtend_test_bare; DROP ROLE pgtend_test_bare");
    }

    TEST_CASE(
        "triggers with unqualified names work: the job's SQL runs under the role's search_path")
    {
        test::ground g{"  - { name: clean, schedule: \"0 * * * *\", cleanup: { table: public.t, "
                       "where: \"true\" } }\n"};
        g.db.psql("CREATE TABLE t (id int); INSERT INTO t VALUES (1); CREATE TABLE trail (id int);"
                  "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO "
                  "trail VALUES (OLD.id); RETURN OLD; END';"
                  "CREATE TRIGGER keep AFTER DELETE ON t FOR EACH ROW EXECUTE FUNCTION keep()");
        REQUIRE(g.tick(before).code == 0);
        auto const done = g.tick(due);
        CHECK_MESSAGE(done.code == 0, done.err);
        CHECK(g.count("SELECT count(*) FROM trail") == 1);
    }
}
