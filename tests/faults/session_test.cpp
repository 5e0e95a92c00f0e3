// SPDX-License-Identifier: Apache-2.0
// Sessions that somebody terminates, that cannot be had, and transactions that meet others.
#include <chrono>
#include <csignal>
#include <doctest/doctest.h>
#include <future>

#include "support/ground.hpp"
#include "support/hour.hpp"

using namespace pgtend;
using test::before;
using test::due;
using test::eventually;
using test::has;
using test::later;

namespace {

// How often each row was changed is noted in it.
constexpr char bookings[] = R"(
    CREATE TABLE bookings (id int PRIMARY KEY, status text NOT NULL, changes int NOT NULL DEFAULT 0);
    INSERT INTO bookings SELECT i, CASE WHEN i % 2 = 0 THEN 'open' ELSE 'paid' END FROM generate_series(1, 1000) i;
)";
// Changing one takes 2 ms.
constexpr char slowly_changed[] = R"(
    CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.002); RETURN NEW; END $$;
    CREATE TRIGGER slow BEFORE UPDATE ON bookings FOR EACH ROW EXECUTE FUNCTION slow();
)";
constexpr char expire_by_twenties[] =
    "  - { name: expire, schedule: \"0 * * * *\", max_age: 1h, expire: { table: public.bookings, "
    "where: \"status = 'open'\", batch_rows: 20, batch_time: 50ms, set: { status: expired, "
    "changes: { sql: changes + 1 } } } }\n";

long long expired(test::ground const &g)
{
    return g.count("SELECT count(*) FROM bookings WHERE status = 'expired'");
}

void check_each_once(test::ground const &g)
{
    CHECK(g.count("SELECT count(*) FROM bookings WHERE status = 'expired' AND changes = 1") == 500);
    CHECK(g.count("SELECT count(*) FROM bookings WHERE status = 'paid' AND changes = 0") == 500);
}

void terminate(test::ground const &g, std::string const &application)
{
    CHECK(g.count("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = "
                  "current_database() AND application_name = '" +
                  application + "'") >= 1);
}

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("F03: the work sessions are terminated: interrupted, taken up again where that is "
              "allowed, nothing done twice")
    {
        test::ground g{
            std::string{expire_by_twenties} +
            "  - { name: once, schedule: \"0 * * * *\", max_age: 1h, sql: { text: "
            "\"insert into hit values (1); select pg_sleep(30)\" } }\n"
            "  - { name: vacuum, schedule: \"0 * * * *\", max_age: 1h, vacuum: { tables: "
            "[public.big] } }\n"};
        // Were autovacuum there first, nothing would be left for the job to be slow at.
        g.db.psql(std::string{bookings} + slowly_changed +
                  "CREATE TABLE hit (n int); CREATE TABLE big WITH (autovacuum_enabled = false) AS "
                  "SELECT g FROM generate_series(1, 300000) g");
        REQUIRE(g.tick(before).code == 0);
        auto const slowly = [&](std::string const &what) {
            g.db.psql("ALTER ROLE postgres IN DATABASE " + g.db.name() + what);
        };
        slowly(" SET vacuum_cost_delay = '50ms'");
        slowly(" SET vacuum_cost_limit = 20");
        test::process runner{g.arguments({"tick", "--now", due, "--max-parallel", "3"})};
        eventually("all three work", [&] {
            return expired(g) > 0 &&
                   g.count("SELECT count(*) FROM pg_stat_progress_vacuum WHERE "
                           "datname = current_database() AND relid = 'big'::regclass") == 1 &&
                   g.count("SELECT count(*) FROM pg_stat_activity WHERE datname = "
                           "current_database() AND state = 'active' AND application_name = "
                           "'pgtend/tick/once' AND query LIKE '%pg_sleep(30)%'") == 1;
        });
        for (auto const *job : {"expire", "once", "vacuum"}) {
            terminate(g, std::string{"pgtend/tick/"} + job);
        }
        auto const done = runner.wait();
        CHECK_MESSAGE(done.code == 1, done.err);
        for (auto const *job : {"expire", "once", "vacuum"}) {
            CHECK(g.runs(job) == "interrupted/1");
        }
        CHECK(g.count("SELECT count(*) FROM pgtend.run WHERE sqlstate = '57P01'") == 3);
        CHECK(expired(g) < 500);
        slowly(" RESET ALL");

        auto const next = g.tick(later);
        CHECK_MESSAGE(next.code == 0, next.err);
        CHECK(g.runs("expire") == "interrupted/1 succeeded/2");
        CHECK(g.runs("vacuum") == "interrupted/1 succeeded/2");
        CHECK(g.runs("once") == "interrupted/1"); // nobody knows how far it came
        CHECK(g.count("SELECT count(*) FROM hit") == 0);
        check_each_once(g);
    }

    TEST_CASE("F04: the control session is terminated while batches go on: they do, and their end "
              "is recorded on another one")
    {
        test::ground g{expire_by_twenties};
        g.db.psql(std::string{bookings} + slowly_changed);
        REQUIRE(g.tick(before).code == 0);
        test::process runner{g.arguments({"tick", "--now", due})};
        eventually("it works", [&] { return expired(g) > 0; });
        terminate(g, "pgtend/tick");
        auto const done = runner.wait();
        CHECK_MESSAGE(done.code == 0, done.err);
        CHECK(has(done.err, "lost the control session"));
        CHECK(g.runs("expire") == "succeeded/1");
        CHECK(g.count("SELECT count(*) FROM pgtend.lease WHERE holder IS NOT NULL") == 0);
        check_each_once(g);
    }

    TEST_CASE("F04: the token is another's when the control session is lost: no batch is committed "
              "after that")
    {
        test::ground g{expire_by_twenties};
        g.db.psql(std::string{bookings} + slowly_changed +
                  "INSERT INTO bookings SELECT i, 'open' FROM generate_series(1001, 20000) i");
        REQUIRE(g.tick(before).code == 0);
        test::process runner{g.arguments({"tick", "--now", due})};
        eventually("it works", [&] { return expired(g) > 0; });
        terminate(g, "pgtend/tick");
        // Waits for the batch that is under way, as a takeover does; now and then the next one is
        // quicker.
        auto const left = g.count("WITH taken AS (UPDATE pgtend.fence SET token = token + 1 WHERE "
                                  "job = 'expire' RETURNING 1) SELECT count(*) FROM taken");
        CHECK(left == 1);
        auto const then = expired(g);
        auto const done = runner.wait();
        CHECK_MESSAGE(done.code == 1, done.err);
        CHECK(has(done.err, "another run took the job over"));
        CHECK(expired(g) == then);
        CHECK(then < 19'500);
    }

    TEST_CASE("F39: one control and one work session suffice, whatever workers a job asks for")
    {
        test::ground g{"  - { name: parts, schedule: \"0 * * * *\", partition: { workers: 4 } }\n"
                       "  - { name: vacuum, schedule: \"0 * * * *\", vacuum: { tables: [public.a, "
                       "public.b], workers: 3 } }\n",
                       "partitions:\n  - { table: public.x, key: at, every: month, premake: 1 }\n"
                       "  - { table: public.y, key: at, every: month, premake: 1 }\n"};
        auto const role = g.db.name() + "_two";
        g.db.psql("CREATE ROLE " + role +
                  " LOGIN CONNECTION LIMIT 2; GRANT ALL ON SCHEMA pgtend, public TO " + role +
                  "; GRANT ALL ON ALL TABLES IN SCHEMA pgtend TO " + role + "; SET ROLE " + role +
                  "; CREATE TABLE x (at timestamptz NOT NULL) PARTITION BY RANGE (at);"
                  "CREATE TABLE y (LIKE x) PARTITION BY RANGE (at);"
                  "CREATE TABLE a AS SELECT 1; CREATE TABLE b AS SELECT 1");
        REQUIRE(g.tick(before).code == 0);
        auto const begun = std::chrono::steady_clock::now();
        auto const done = g.run({"-d", g.db.dsn(role), "--connect-timeout", "20s", "tick", "--now",
                                 due, "--max-parallel", "1"});
        CHECK_MESSAGE(done.code == 0, done.err);
        CHECK(g.runs("parts") == "succeeded/1");
        CHECK(g.runs("vacuum") == "succeeded/1");
        CHECK(g.count("SELECT count(*) FROM pg_inherits") == 4);
        // Nobody waits for a session that the work can do without.
        CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds{10});
        g.db.psql("DROP OWNED BY " + role + "; DROP ROLE " + role);
    }

    TEST_CASE("F39: too many connections for a while: the work waits for its session, and runs")
    {
        test::ground g{expire_by_twenties};
        auto const role = g.db.name() + "_full";
        g.db.psql(std::string{bookings} + "CREATE ROLE " + role +
                  " LOGIN CONNECTION LIMIT 2; GRANT ALL ON SCHEMA pgtend TO " + role +
                  "; GRANT ALL ON ALL TABLES IN SCHEMA pgtend TO " + role +
                  "; GRANT ALL ON bookings TO " + role);
        REQUIRE(g.tick(before).code == 0);
        std::optional<pg::session> other{test::open(g.db.dsn(role))};
        test::process runner{g.arguments({"-d", g.db.dsn(role), "tick", "--now", due})};
        eventually("the slot is claimed", [&] { return g.runs("expire") == "running/1"; });
        eventually("the server has refused it",
                   [&] { return has(runner.errors(), "too many connections"); });
        CHECK(expired(g) == 0);
        other.reset();
        auto const done = runner.wait();
        CHECK_MESSAGE(done.code == 0, done.err);
        CHECK(g.runs("expire") == "succeeded/1");
        check_each_once(g);
        g.db.psql("DROP OWNED BY " + role + "; DROP ROLE " + role);
    }

    TEST_CASE(
        "F40: a batch that is a deadlock's victim is tried again as a whole, and that is told")
    {
        test::ground g{expire_by_twenties, "defaults: { retry: { initial: 100ms } }\n"};
        // The first change of a row waits until the opponent waits for it, then wants what he has.
        g.db.psql(std::string{bookings} + R"(
            CREATE TABLE other (n int); INSERT INTO other VALUES (0);
            CREATE SEQUENCE first;
            CREATE FUNCTION meet() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                IF nextval('first') = 1 THEN
                    PERFORM pg_advisory_xact_lock(40);
                    WHILE NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.application_name = 'opponent'
                                      AND pg_backend_pid() = ANY (pg_blocking_pids(a.pid))) LOOP
                        PERFORM pg_sleep(0.01);
                    END LOOP;
                    UPDATE other SET n = n + 1;
                END IF;
                RETURN NULL;
            END $$;
            CREATE TRIGGER meet AFTER UPDATE ON bookings FOR EACH ROW EXECUTE FUNCTION meet())");
        g.db.psql("ALTER ROLE postgres IN DATABASE " + g.db.name() +
                  " SET deadlock_timeout = '10ms'");
        REQUIRE(g.tick(before).code == 0);
        auto opponent = g.db.connect();
        opponent.run("SET deadlock_timeout = '10min'"); // never the victim
        opponent.run("SET application_name = 'opponent'");
        opponent.begin();
        opponent.run("UPDATE other SET n = 100");
        test::process runner{g.arguments({"tick", "--now", due})};
        eventually("the batch has rows", [&] {
            return g.count("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = "
                           "40 AND database = (SELECT oid FROM pg_database WHERE datname = "
                           "current_database())") == 1;
        });
        opponent.run("UPDATE bookings SET changes = changes WHERE status = 'open'");
        opponent.commit();
        auto const done = runner.wait();
        CHECK_MESSAGE(done.code == 0, done.err);
        CHECK(g.runs("expire") == "succeeded/1");
        check_each_once(g);
        CHECK(g.count("SELECT n FROM other") == 100);
        auto const output = g.db.value("SELECT output FROM pgtend.run WHERE job = 'expire'");
        CHECK_MESSAGE(
            has(output, "tried again once because of: deadlock detected (SQLSTATE 40P01)"), output);
    }

    TEST_CASE(
        "F40: serialization failures: tried again so often as the file says, and that is told")
    {
        test::ground g{expire_by_twenties, "defaults: { retry: { max: 3, initial: 10ms } }\n"};
        g.db.psql(std::string{bookings} + R"(
            CREATE SEQUENCE tries;
            CREATE TABLE failures (n int NOT NULL); INSERT INTO failures VALUES (3);
            CREATE FUNCTION conflict() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                IF nextval('tries') <= (SELECT n FROM failures) THEN
                    RAISE 'could not serialize access' USING ERRCODE = '40001';
                END IF;
                RETURN NULL;
            END $$;
            CREATE TRIGGER conflict AFTER UPDATE ON bookings FOR EACH STATEMENT EXECUTE FUNCTION conflict())");
        REQUIRE(g.tick(before).code == 0);
        auto const done = g.tick(due);
        CHECK_MESSAGE(done.code == 0, done.err);
        CHECK(g.runs("expire") == "succeeded/1");
        check_each_once(g);
        auto const output = g.db.value("SELECT output FROM pgtend.run WHERE job = 'expire'");
        CHECK_MESSAGE(has(output, "tried again 3 times, the last time because of: could not "
                                  "serialize access (SQLSTATE 40001)"),
                      output);
        g.db.psql("UPDATE bookings SET status = 'open', changes = 0 WHERE status = 'expired';"
                  "UPDATE failures SET n = 1000000");
        CHECK(g.tick("2026-01-01T02:00:10Z").code == 1);
        CHECK(g.runs("expire") == "succeeded/1 failed/1");
        CHECK(g.count("SELECT count(*) FROM pgtend.run WHERE status = 'failed' AND sqlstate = "
                      "'40001' AND output LIKE '%tried again 3 times%'") == 1);
        // Smaller batches were tried, too, each once.
        CHECK(g.count("SELECT last_value FROM tries") < 50);
        CHECK(expired(g) == 0);
    }
}
