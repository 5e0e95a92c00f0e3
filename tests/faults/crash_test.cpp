// SPDX-License-Identifier: Apache-2.0
// Runners that die or stand still while their job works.
#include <chrono>
#include <csignal>
#include <doctest/doctest.h>

#include "support/ground.hpp"
#include "support/hour.hpp"

using namespace pgtend;
using test::before;
using test::due;
using test::eventually;
using test::later;

namespace {

// Deleting a row takes a millisecond; who deletes is noted.
char const slow_table[] = R"(
    CREATE TABLE old_rows (id int PRIMARY KEY, old boolean NOT NULL);
    INSERT INTO old_rows SELECT i, i % 2 = 0 FROM generate_series(1, 3000) i;
    CREATE TABLE deleted (id int NOT NULL, pid int NOT NULL DEFAULT pg_backend_pid(), at timestamptz NOT NULL DEFAULT clock_timestamp());
    CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_sleep(0.001); INSERT INTO deleted (id) VALUES (OLD.id); RETURN OLD; END $$;
    CREATE TRIGGER note BEFORE DELETE ON old_rows FOR EACH ROW EXECUTE FUNCTION note();
)";

std::string cleanup_job(std::string const &batch)
{
    return "  - { name: clean, schedule: \"0 * * * *\", cleanup: { table: public.old_rows, where: "
           "\"old\"" +
           batch + " } }\n";
}

// Who changes a row above 500, or calls gate(), stands there while it is shut, and does not look
// whether his client still lives.
char const rows_behind_a_gate[] = R"(
    CREATE TABLE gate (shut boolean NOT NULL);
    INSERT INTO gate VALUES (true);
    CREATE FUNCTION gate() RETURNS void LANGUAGE plpgsql AS $$ BEGIN
        PERFORM set_config('client_connection_check_interval', '0', true);
        WHILE (SELECT shut FROM gate) LOOP PERFORM pg_sleep(0.02); END LOOP;
    END $$;
    CREATE FUNCTION through_the_gate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF NEW.id > 500 THEN PERFORM gate(); END IF;
        RETURN NEW;
    END $$;
    CREATE TABLE gated_rows (id int PRIMARY KEY, open boolean NOT NULL DEFAULT true, changes int NOT NULL DEFAULT 0);
    INSERT INTO gated_rows SELECT generate_series(1, 1000);
    CREATE TRIGGER gate BEFORE UPDATE ON gated_rows FOR EACH ROW EXECUTE FUNCTION through_the_gate();
    CREATE TABLE work (n int);
)";

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("F01: kill -9 of the runner in the middle of a cleanup: whole batches stay, the run "
              "ends lost, the next one finishes")
    {
        test::ground g{cleanup_job(", batch_rows: 50, batch_time: 10ms, pause: 100ms")};
        g.db.psql(slow_table);
        REQUIRE(g.tick(before).code == 0);
        {
            test::process runner{g.arguments({"tick", "--now", due})};
            eventually("some rows are deleted",
                       [&] { return g.count("SELECT count(*) FROM old_rows WHERE old") < 1500; });
            runner.signal(SIGKILL);
            CHECK(runner.wait().code == 128 + SIGKILL);
        }
        // The lease protects the job as long as it may still be held.
        CHECK(g.tick(later).code == 0);
        CHECK(g.runs("clean") == "running/1");
        eventually("its backend is gone", [&] {
            return g.count("SELECT count(*) FROM pg_stat_activity WHERE datname = "
                           "current_database() AND application_name LIKE 'pgtend/tick%'") == 0;
        });
        CHECK(g.count("SELECT count(*) FROM old_rows WHERE old") > 0);

        g.expire_lease("clean");
        auto const second = g.tick(later);
        CHECK_MESSAGE(second.code == 1, second.err); // it tells of the lost run
        CHECK(second.err.find("stopped renewing the lease") != std::string::npos);
        CHECK(g.runs("clean") == "lost/1 succeeded/2");
        CHECK(g.count("SELECT count(*) FROM old_rows WHERE old") == 0);
        CHECK(g.count("SELECT count(*) FROM old_rows") == 1500);
        CHECK(g.count("SELECT count(*) - count(DISTINCT id) FROM deleted") == 0);
    }

    TEST_CASE(
        "F01, F02: kill -9 of the runner while its backends go on with a batch and a statement: "
        "who comes at once works beside neither, and all is done once")
    {
        test::ground g{"  - { name: expire, schedule: \"0 * * * *\", expire: { table: "
                       "public.gated_rows, where: open, batch_rows: 50, set: { open: \"false\", "
                       "changes: { sql: changes + 1 } } } }\n"
                       "  - { name: statement, schedule: \"0 * * * *\", sql: { text: \"insert into "
                       "work values (1); select gate()\", idempotent: true } }\n"};
        g.db.psql(rows_behind_a_gate);
        REQUIRE(g.tick(before).code == 0);
        auto const working = [&] {
            return g.count("SELECT count(*) FROM pg_stat_activity a WHERE a.datname = "
                           "current_database() AND a.application_name IN ('pgtend/tick/expire', "
                           "'pgtend/tick/statement')");
        };
        auto const at_the_gate = [&] {
            return g.db.value(
                "SELECT coalesce(string_agg(a.application_name || ' ' || a.pid, ', ' ORDER BY "
                "a.application_name, a.pid), '') FROM pg_stat_activity a JOIN pg_locks l USING "
                "(pid) "
                "WHERE a.datname = current_database() AND l.relation = 'gate'::regclass AND "
                "a.application_name LIKE 'pgtend/%'");
        };
        auto const changed = [&] {
            return g.count("SELECT count(*) FROM gated_rows WHERE changes > 0");
        };
        test::process runner{g.arguments({"tick", "--now", due, "--max-parallel", "2"})};
        eventually("both stand at the gate", [&] {
            return at_the_gate().find("statement") != std::string::npos &&
                   at_the_gate().find("expire") != std::string::npos;
        });
        auto const first = at_the_gate();
        auto const committed = changed();
        CHECK(committed > 0);
        CHECK(committed <= 500);
        runner.signal(SIGKILL);
        CHECK(runner.wait().code == 128 + SIGKILL);
        g.expire_lease("expire");
        g.expire_lease("statement");

        auto const begun = std::chrono::steady_clock::now();
        auto const second = g.tick(later);
        CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds{5});
        CHECK_MESSAGE(second.code == 0, second.err);
        CHECK(at_the_gate() == first); // the dead one's, and nobody else
        CHECK(g.runs("expire") == "running/1");
        CHECK(g.runs("statement") == "running/1");
        CHECK(changed() == committed);

        g.db.psql("UPDATE gate SET shut = false");
        eventually("its backends are gone", [&] { return working() == 0; });
        auto const third = g.tick(later);
        CHECK_MESSAGE(third.code == 1, third.err); // it tells of the lost runs
        CHECK(g.runs("expire") == "lost/1 succeeded/2");
        CHECK(g.runs("statement") == "lost/1 succeeded/2");
        CHECK(g.count("SELECT count(*) FROM gated_rows WHERE NOT open AND changes = 1") == 1000);
        CHECK(g.count("SELECT count(*) FROM work") == 1);
    }

    TEST_CASE("F02: a runner that stands still in a transaction is not taken over before that ends")
    {
        test::ground g{"  - { name: slow, schedule: \"0 * * * *\", sql: { text: \"insert into work "
                       "values (1); select pg_sleep(2)\", idempotent: true } }\n"};
        g.db.psql("CREATE TABLE work (n int, pid int DEFAULT pg_backend_pid())");
        REQUIRE(g.tick(before).code == 0);
        test::process first{g.arguments({"tick", "--now", due})};
        eventually("the first one works", [&] {
            return g.count("SELECT count(*) FROM pg_stat_activity WHERE datname = "
                           "current_database() AND query LIKE '%pg_sleep(2)%' "
                           "AND pid <> pg_backend_pid() AND state = 'active'") == 1;
        });
        first.signal(SIGSTOP);
        g.expire_lease("slow");
        // Its transaction holds the fence: nobody else begins.
        CHECK(g.tick(later).code == 0);
        CHECK(g.runs("slow") == "running/1");
        CHECK(g.count("SELECT count(*) FROM work") == 0);
        first.signal(SIGKILL);
        first.wait();
        eventually("its backend is gone", [&] {
            return g.count("SELECT count(*) FROM pg_stat_activity WHERE datname = "
                           "current_database() AND application_name LIKE 'pgtend/tick/slow'") == 0;
        });
        auto const second = g.tick(later);
        CHECK_MESSAGE(second.code == 1, second.err); // it tells of the lost run
        CHECK(second.err.find("stopped renewing the lease") != std::string::npos);
        CHECK(g.runs("slow") == "lost/1 succeeded/2");
        CHECK(g.count("SELECT count(*) FROM work") == 1);
    }

    TEST_CASE(
        "F02: a runner that was taken over between two batches changes nothing when it wakes up")
    {
        test::ground g{cleanup_job(", batch_rows: 50, pause: 1s")};
        g.db.psql(slow_table);
        REQUIRE(g.tick(before).code == 0);
        test::process first{g.arguments({"tick", "--now", due})};
        eventually("a batch is committed",
                   [&] { return g.count("SELECT count(*) FROM old_rows WHERE old") < 1500; });
        auto const pid = g.count("SELECT min(pid) FROM deleted");
        eventually("it rests between two batches", [&] {
            return g.count("SELECT count(*) FROM pg_stat_activity WHERE pid = " +
                           std::to_string(pid) + " AND state = 'idle'") == 1;
        });
        first.signal(SIGSTOP);
        g.expire_lease("clean");
        g.db.psql("CREATE TABLE taken AS SELECT clock_timestamp() AS at");
        test::process second{g.arguments({"tick", "--now", later})};
        eventually("the second one deletes",
                   [&] { return g.count("SELECT count(DISTINCT pid) FROM deleted") == 2; });
        first.signal(SIGCONT);
        auto const woken = first.wait();
        CHECK(woken.code == 1);
        CHECK(woken.err.find("clean") != std::string::npos);
        auto const done = second.wait();
        CHECK_MESSAGE(done.code == 1, done.err); // it tells of the lost run
        CHECK(g.count("SELECT count(*) FROM deleted, taken WHERE pid = " + std::to_string(pid) +
                      " AND deleted.at > taken.at") == 0);
        CHECK(g.count("SELECT count(*) FROM old_rows") == 1500);
        CHECK(g.runs("clean") == "lost/1 succeeded/2");
    }
}
