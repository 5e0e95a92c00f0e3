// SPDX-License-Identifier: Apache-2.0
// Batches beside others: rows that are held, assigned, moved, tables that go away, policies.
#include <atomic>
#include <doctest/doctest.h>
#include <random>
#include <thread>

#include "batch/support.hpp"
#include "support/database.hpp"
#include "support/process.hpp"

using namespace pgtend;
using test::eventually;
using test::expression;
using test::run_batches;
using test::value;

namespace {

long long number(test::database const &db, std::string const &query)
{
    return std::stoll(db.value(query));
}

// A driver is assigned to a booking by a row of another table, which locks the booking by its
// foreign key.
constexpr char bookings[] =
    "CREATE TABLE bookings (id int PRIMARY KEY, status text NOT NULL);"
    "INSERT INTO bookings SELECT i, 'pending' FROM generate_series(1, 100) i;"
    "CREATE TABLE assigned (booking_id int REFERENCES bookings (id), driver text); ANALYZE "
    "bookings";
constexpr char unassigned[] =
    "status = 'pending' and not exists (select from assigned a where a.booking_id = bookings.id)";

// Ways to find rows: an index by whose column to go, one without order, none.
struct way {
    char const *name, *index, *asked;
};
constexpr way ways[] = {
    {"by key", "CREATE INDEX ON t (at) WHERE status = 'old'", "z.key::text"},
    {"listed", "CREATE INDEX ON t USING hash (status)", "array_agg"},
    {"by blocks", "", "generate_series"},
};

void make_table(test::database const &db, way const &how, int rows)
{
    db.psql("CREATE TABLE t (id int, at int, status text NOT NULL DEFAULT 'old', n int NOT NULL "
            "DEFAULT 0);"
            "INSERT INTO t SELECT i, i / 3 FROM generate_series(1, " +
            std::to_string(rows) + ") i;" + how.index);
    if (std::string_view{how.name} == "by key") { // the planner believes in many rows
        db.psql("UPDATE pg_class SET reltuples = 1e9, relpages = 1 WHERE oid = 't'::regclass");
    } else {
        db.psql("ANALYZE t");
    }
}

void prefer_indexes(pg::session &s)
{
    s.batch("SET enable_seqscan = off; SET enable_bitmapscan = off; SET jit = off");
}

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("what the careful way is for: an UPDATE does not see what others assign meanwhile, "
              "even when it waited")
    {
        for (bool const waits : {false, true}) {
            test::database db;
            db.psql(bookings);
            auto driver = db.connect();
            driver.begin();
            if (waits) {
                driver.run("SELECT 1 FROM bookings WHERE id = 7 FOR UPDATE");
            }
            driver.run("INSERT INTO assigned VALUES (7, 'x')");
            std::jthread expiry{[&] {
                auto s = db.connect();
                s.run(std::string{"UPDATE bookings SET status = 'cancelled' WHERE "} + unassigned);
            }};
            if (waits) {
                eventually("the UPDATE waits", [&] {
                    return number(db, "SELECT count(*) FROM pg_locks WHERE NOT granted") == 1;
                });
            } else {
                expiry.join(); // the lock of the foreign key does not stop it
            }
            driver.commit();
            if (waits) {
                expiry.join();
            }
            CHECK(db.value("SELECT status FROM bookings WHERE id = 7") ==
                  "cancelled"); // and assigned
        }
    }

    TEST_CASE("a booking that is being assigned is not cancelled")
    {
        for (bool const commits_meanwhile : {false, true}) {
            test::database db;
            db.psql(bookings);
            auto driver = db.connect();
            driver.begin();
            driver.run("INSERT INTO assigned VALUES (7, 'x')");
            auto s = db.connect();
            int changing = 0;
            auto const run =
                run_batches(s, "bookings", unassigned, {value("status", "cancelled")}, {},
                            [&](plan::work const &work, std::size_t) {
                                changing += work.read_only ? 0 : 1;
                                if (commits_meanwhile && work.pause_before.count() > 0 &&
                                    driver.in_transaction()) {
                                    driver.commit();
                                }
                            });
            CHECK(run.problem == "");
            CHECK(run.asked("SKIP LOCKED") > 0);
            CHECK(run.tally.rows == 99);
            CHECK(run.tally.left == (commits_meanwhile ? 0 : 1));
            CHECK(db.value("SELECT status FROM bookings WHERE id = 7") == "pending");
            driver.rollback();
        }
    }

    TEST_CASE("whatever reads other tables without a word of it takes the careful way")
    {
        struct hidden {
            char const *made, *where;
        };
        constexpr char reads[] = "select not exists (select from assigned a where a.booking_id = ";
        for (auto const &[made, where] :
             {hidden{
                  "CREATE FUNCTION free(b bookings) RETURNS bool STABLE LANGUAGE sql AS $$ @ b.id) "
                  "$$",
                  "status = 'pending' and bookings.free"},
              hidden{"CREATE FUNCTION f(int, int) RETURNS bool STABLE LANGUAGE sql AS $$ @ $1) $$; "
                     "CREATE OPERATOR ### (leftarg = int, rightarg = int, function = f)",
                     "status = 'pending' and id ### 1"},
              hidden{"CREATE FUNCTION lower(int) RETURNS bool STABLE LANGUAGE sql AS $$ @ $1) $$",
                     "status = 'pending' and lower(id)"},
              hidden{"CREATE FUNCTION \"if\"(int) RETURNS bool STABLE LANGUAGE sql AS $$ @ $1) $$",
                     "status = 'pending' and if(id)"},
              hidden{
                  "CREATE FUNCTION f(int) RETURNS bool STABLE LANGUAGE sql AS $$ @ $1) $$; CREATE "
                  "DOMAIN free AS int CHECK (f(value))",
                  "status = 'pending' and (status <> 'pending' or id::free = id)"},
              hidden{
                  "CREATE FUNCTION f(int) RETURNS bool STABLE LANGUAGE sql AS $$ @ $1) $$; CREATE "
                  "TYPE w AS (i int); CREATE FUNCTION w(w) RETURNS bool STABLE LANGUAGE sql AS $$ "
                  "SELECT f($1.i) $$; CREATE CAST (w AS bool) WITH FUNCTION w(w) AS ASSIGNMENT; "
                  "ALTER TABLE bookings ADD w w; UPDATE bookings SET w = row(id)::w",
                  "status = 'pending' and w::bool"}}) {
            INFO(where);
            test::database db;
            db.psql(bookings);
            std::string text = made;
            text.replace(text.find('@'), 1, reads);
            db.psql(text);
            auto driver = db.connect();
            driver.begin();
            driver.run("INSERT INTO assigned VALUES (7, 'x')");
            auto s = db.connect();
            auto const run = run_batches(s, "bookings", where, {value("status", "cancelled")});
            CHECK(run.asked("SKIP LOCKED") > 0);
            CHECK(run.problem == "");
            CHECK(run.tally.left >= 1);
            driver.commit();
            CHECK(db.value("SELECT status FROM bookings WHERE id = 7") == "pending");
        }
    }

    TEST_CASE("what only reads its row takes the quick way, also beside things that others wrote")
    {
        test::database db;
        db.psql("CREATE EXTENSION citext; CREATE TYPE mood AS ENUM ('sad', 'fine'); CREATE TABLE t "
                "(id int, name citext, m mood, taken bool, at timestamptz DEFAULT '2026-01-01');"
                "CREATE FUNCTION taken(t) RETURNS bool LANGUAGE sql AS $$ SELECT true $$;"
                "INSERT INTO t SELECT i, 'X', 'sad', true FROM generate_series(1, 10) i");
        auto s = db.connect();
        auto const run = run_batches(s, "t",
                                     "name = 'x' and t.taken and m = 'sad'::public.mood and at < "
                                     "now() and id in (1, 2, 3) and "
                                     "lower(name) <> 'y'");
        CHECK(run.problem == "");
        CHECK(run.tally.rows == 3);
        CHECK(run.asked("SKIP LOCKED") == 0);
    }

    TEST_CASE("policies that hold for a plain table may read others: the careful way")
    {
        test::database db;
        db.psql(bookings);
        db.psql(
            "DROP ROLE IF EXISTS pgtend_test_batch; CREATE ROLE pgtend_test_batch LOGIN; GRANT "
            "ALL ON bookings, assigned TO pgtend_test_batch; ALTER TABLE bookings ENABLE ROW "
            "LEVEL SECURITY; CREATE POLICY p ON bookings USING (not exists (select from assigned "
            "a where a.booking_id = id)) WITH CHECK (true)");
        auto driver = db.connect();
        driver.begin();
        driver.run("INSERT INTO assigned VALUES (7, 'x')");
        auto s = test::open(db.dsn("pgtend_test_batch"));
        auto const run =
            run_batches(s, "bookings", "status = 'pending'", {value("status", "cancelled")});
        CHECK(run.problem == "");
        CHECK(run.asked("SKIP LOCKED") > 0);
        CHECK(run.tally.rows == 99);
        driver.commit();
        CHECK(db.value("SELECT status FROM bookings WHERE id = 7") == "pending");
        db.psql("DROP OWNED BY pgtend_test_batch; DROP ROLE pgtend_test_batch");
    }

    TEST_CASE("while a batch has its rows, nobody can assign them: the driver waits, and then "
              "fails or sees it")
    {
        test::database db;
        db.psql(bookings);
        auto s = db.connect();
        auto work = test::plan_batches(s, "bookings", unassigned, {value("status", "cancelled")});
        auto &machine = test::task_of(work);
        plan::outcome last;
        for (auto next = machine.next(last); next; next = machine.next(last)) {
            if (next->read_only) {
                last = test::carry_out(s, *next);
                continue;
            }
            s.begin();
            s.run(next->statements.at(0).sql, next->statements.at(0).parameters);
            s.run(next->statements.at(1).sql,
                  next->statements.at(1).parameters); // locked, not yet changed
            auto driver = db.connect();
            driver.begin();
            driver.batch("SET LOCAL lock_timeout = '50ms'");
            CHECK_THROWS_AS(driver.run("INSERT INTO assigned VALUES (7, 'x')"), error);
            s.rollback();
            break;
        }
    }

    TEST_CASE("rows that others hold: the others are changed, these are left and said, and done by "
              "the next run")
    {
        for (auto const &how : ways) {
            INFO(how.name);
            test::database db;
            make_table(db, how, 3000);
            auto holder = db.connect();
            holder.begin();
            holder.run("SELECT 1 FROM t WHERE id IN (5, 6, 1700) FOR UPDATE");
            auto s = db.connect();
            prefer_indexes(s);
            auto const run = run_batches(s, "t", "status = 'old' and id % 2 = 0",
                                         {value("status", "new"), expression("n", "n + 1")},
                                         {.initial_rows = 200});
            CHECK(run.problem == "");
            CHECK(run.asked(how.asked) > 0);
            CHECK(run.tally.rows == 1498);
            CHECK(run.tally.left == 2);
            CHECK(run.noted("2 rows of public.t were held by other sessions"));
            CHECK(run.asked("SKIP LOCKED") > 0);
            holder.rollback();
            CHECK(number(db,
                         "SELECT count(*) FROM t WHERE status = 'new' AND n = 1 AND id % 2 = 0") ==
                  1498);

            auto const next = run_batches(s, "t", "status = 'old' and id % 2 = 0",
                                          {value("status", "new"), expression("n", "n + 1")});
            CHECK(next.tally.rows == 2);
            CHECK(next.tally.left == 0);
            CHECK(number(db, "SELECT count(*) FROM t WHERE n = 1") == 1500);
            CHECK(number(db, "SELECT count(*) FROM t WHERE n = 0 AND id % 2 = 1") == 1500);
        }
    }

    TEST_CASE("rows that are free again in time are done at the end")
    {
        for (auto const &how : ways) {
            INFO(how.name);
            test::database db;
            make_table(db, how, 1000);
            auto holder = db.connect();
            holder.begin();
            holder.run("UPDATE t SET at = at + 1 WHERE id IN (5, 6)"); // they move
            auto s = db.connect();
            prefer_indexes(s);
            auto const run =
                run_batches(s, "t", "status = 'old'", {}, {.initial_rows = 100},
                            [&](plan::work const &work, std::size_t) {
                                if (work.pause_before.count() > 0 && holder.in_transaction()) {
                                    holder.commit();
                                }
                            });
            CHECK(run.problem == "");
            CHECK(run.tally.rows == 1000);
            CHECK(run.tally.left == 0);
            CHECK(number(db, "SELECT count(*) FROM t") == 0);
        }
    }

    TEST_CASE("rows that are updated while a batch waits for them are found where they went")
    {
        for (auto const &how : ways) {
            INFO(how.name);
            test::database db;
            make_table(db, how, 500);
            auto s = db.connect();
            prefer_indexes(s);
            auto holder = db.connect();
            std::jthread releaser;
            bool waited = false;
            auto const run = run_batches(
                s, "t", "status = 'old'", {}, {}, [&](plan::work const &work, std::size_t) {
                    if (work.read_only || waited) {
                        return;
                    }
                    waited = true;
                    holder.begin();
                    holder.run("UPDATE t SET n = n + 1 WHERE id = 77");
                    releaser = std::jthread{[&] {
                        eventually("the batch waits", [&] {
                            return number(db, "SELECT count(*) FROM pg_locks WHERE NOT granted") >
                                       0 ||
                                   !holder.in_transaction();
                        });
                        holder.commit();
                    }};
                });
            releaser.join();
            CHECK(run.problem == "");
            CHECK(run.tally.rows == 500);
            CHECK(number(db, "SELECT count(*) FROM t") == 0);
        }
    }

    TEST_CASE("rows that move behind the end of the heap before the walk comes to them")
    {
        test::database db;
        db.psql("CREATE TABLE t (id int, n int NOT NULL DEFAULT 0, filler text NOT NULL DEFAULT "
                "repeat('x', 500)); INSERT INTO t SELECT i FROM generate_series(1, 30000) i; "
                "ANALYZE t");
        auto const blocks =
            number(db, "SELECT (ctid::text::point)[0]::int FROM t WHERE id = 30000");
        REQUIRE(blocks > 1100);
        auto s = db.connect();
        int looks = 0;
        auto const run =
            run_batches(s, "t", "id % 100 = 0", {}, {}, [&](plan::work const &work, std::size_t) {
                if (work.statements.front().sql.find("generate_series") != std::string::npos &&
                    ++looks == 2) {
                    db.psql("INSERT INTO t SELECT 1 FROM generate_series(1, 50); UPDATE t SET n = "
                            "1 WHERE id = 29900");
                    REQUIRE(
                        number(db, "SELECT (ctid::text::point)[0]::int FROM t WHERE id = 29900") >
                        blocks);
                }
            });
        CHECK(looks > 2);
        CHECK(run.tally.rows == 300);
        CHECK(run.tally.left == 0);
    }

    TEST_CASE("under random load: no row twice, none outside the condition, none lost")
    {
        for (auto const &how : ways) {
            for (bool const deletes : {false, true}) {
                INFO(how.name, " ", deletes);
                test::database db;
                make_table(db, how, 20000);
                db.psql(
                    "CREATE TABLE gone (id int NOT NULL);"
                    "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT "
                    "INTO gone VALUES (OLD.id); RETURN NULL; END $$;"
                    "CREATE TRIGGER note AFTER DELETE ON t FOR EACH ROW EXECUTE FUNCTION note()");
                std::atomic<bool> stop{false};
                std::vector<std::jthread> load;
                for (unsigned seed = 1; seed <= 3; ++seed) {
                    load.emplace_back([&, seed] {
                        std::minstd_rand random{seed};
                        auto s = db.connect();
                        while (!stop) {
                            auto const id = std::to_string(random() % 20000);
                            try {
                                s.begin();
                                s.run("UPDATE t SET at = at + 1 WHERE id = " + id);
                                if (random() % 4 == 0) {
                                    std::this_thread::sleep_for(milliseconds{random() % 150});
                                }
                                s.run("INSERT INTO t (id, at, status) VALUES (-1, 0, 'other')");
                                s.commit();
                            } catch (error const &) { // a deadlock
                                s.rollback();
                            }
                        }
                    });
                }
                auto s = db.connect();
                prefer_indexes(s);
                auto const run = run_batches(
                    s, "t", "status = 'old' and id % 5 <> 0",
                    deletes ? std::vector<model::assignment>{}
                            : std::vector{value("status", "new"), expression("n", "n + 1")},
                    {.initial_rows = 50});
                stop = true;
                load.clear();
                CHECK(run.problem == "");
                auto const done =
                    number(db, deletes ? "SELECT count(*) FROM gone"
                                       : "SELECT count(*) FROM t WHERE status = 'new'");
                CHECK(run.tally.rows == done);
                CHECK(number(db, "SELECT count(*) FROM t WHERE status = 'old' AND id % 5 <> 0") <=
                      run.tally.left);
                CHECK(done >= 15900);
                CHECK(number(db, "SELECT count(*) - count(DISTINCT id) FROM gone") == 0);
                CHECK(number(db, "SELECT count(*) FROM gone WHERE id % 5 = 0") == 0);
                CHECK(number(db, "SELECT count(*) FROM t WHERE n > 1") == 0);
                CHECK(number(db, "SELECT count(*) FROM t WHERE id > 0 AND id % 5 = 0 AND status = "
                                 "'old' AND n = 0") == 4000);
            }
        }
    }

    TEST_CASE(
        "a partition that is dropped while the task runs: an error for it, the others are done")
    {
        for (auto const *change :
             {"DROP TABLE t_2",
              "ALTER TABLE t DETACH PARTITION t_2; ALTER TABLE t_2 RENAME TO elsewhere"}) {
            test::database db;
            db.psql("CREATE TABLE t (id int, k int) PARTITION BY LIST (k); CREATE TABLE t_1 "
                    "PARTITION OF t FOR VALUES IN (1);"
                    "CREATE TABLE t_2 PARTITION OF t FOR VALUES IN (2); CREATE TABLE t_3 PARTITION "
                    "OF t FOR VALUES IN (3);"
                    "INSERT INTO t SELECT i, 1 + i % 3 FROM generate_series(1, 300) i");
            auto s = db.connect();
            bool dropped = false;
            auto const run =
                run_batches(s, "t", "id > 0", {}, {}, [&](plan::work const &work, std::size_t) {
                    if (!dropped && work.statements.front().sql.find("t_2") != std::string::npos) {
                        db.psql(change);
                        dropped = true;
                    }
                });
            CHECK(dropped);
            CHECK(run.sqlstate == "42P01");
            CHECK(run.problem.find("public.t_2") != std::string::npos);
            CHECK(run.problem.find("the other 2 partitions are done") != std::string::npos);
            CHECK(run.tally.rows == 200);
            CHECK(number(db, "SELECT count(*) FROM t") == 0);
        }
    }

    TEST_CASE("a partition that is taken out while the task runs is not changed any more, also "
              "when its name remains")
    {
        struct taken_out {
            char const *how;
            bool name_is_another; // then its rows were never meant
        };
        for (auto const &[how, name_is_another] :
             {taken_out{"ALTER TABLE t DETACH PARTITION t_2", false},
              taken_out{"UPDATE pg_inherits SET inhdetachpending = true WHERE inhrelid = "
                        "'t_2'::regclass",
                        false},
              taken_out{"ALTER TABLE t DETACH PARTITION t_2; ALTER TABLE t_2 RENAME TO old; CREATE "
                        "TABLE t_2 (LIKE t); INSERT INTO t_2 SELECT * FROM old",
                        true},
              taken_out{"ALTER TABLE t DETACH PARTITION t_2; ALTER TABLE t_2 RENAME TO old; CREATE "
                        "TABLE t_2 PARTITION OF t FOR VALUES IN (2); INSERT INTO t_2 SELECT * FROM "
                        "old",
                        true}}) {
            for (auto const *where : {"id > 0", "id > (select 0)"}) {
                for (bool const update : {false, true}) {
                    INFO(how, ", ", where);
                    test::database db;
                    db.psql("CREATE TABLE t (id int, k int, d bool) PARTITION BY LIST (k); CREATE "
                            "TABLE t_1 PARTITION OF t FOR VALUES IN (1);"
                            "CREATE TABLE t_2 PARTITION OF t FOR VALUES IN (2); CREATE TABLE t_3 "
                            "PARTITION OF t FOR VALUES IN (3);"
                            "INSERT INTO t SELECT i, 1 + i % 3 FROM generate_series(1, 30000) i");
                    auto s = db.connect();
                    int batches = 0;
                    long long kept = 0;
                    auto const run = run_batches(
                        s, "t", std::string{where} + " and d is null",
                        update ? std::vector{value("d", "true")} : std::vector<model::assignment>{},
                        {.initial_rows = 10, .target = milliseconds{1}},
                        [&](plan::work const &work, std::size_t) {
                            if (!work.read_only &&
                                work.statements.at(1).sql.find("\"t_2\"") != std::string::npos &&
                                ++batches == 2) {
                                kept = number(db, "SELECT count(*) FROM t_2 WHERE d IS NULL");
                                db.psql(how);
                            }
                        });
                    CHECK(run.problem == "");
                    CHECK(batches == 2);
                    CHECK(kept > 0);
                    CHECK(run.noted("public.t_2 was detached from public.t while this ran"));
                    CHECK(run.tally.rows == 30000 - kept);
                    CHECK(run.tally.left == 0);
                    if (name_is_another) {
                        CHECK(number(db, "SELECT count(*) FROM t_2 WHERE d IS NULL") == kept);
                    }
                    CHECK(number(db, name_is_another
                                         ? "SELECT count(*) FROM old WHERE d IS NULL"
                                         : "SELECT count(*) FROM t_2 WHERE d IS NULL") == kept);
                }
            }
        }
    }

    TEST_CASE("a change that waits for a detach sees it")
    {
        test::database db;
        db.psql("CREATE TABLE t (id int, k int) PARTITION BY LIST (k); CREATE TABLE t_1 PARTITION "
                "OF t FOR VALUES IN (1); CREATE TABLE t_2 PARTITION OF t FOR VALUES IN (2);"
                "INSERT INTO t SELECT i, 1 + i % 2 FROM generate_series(1, 200) i");
        auto s = db.connect();
        auto detacher = db.connect();
        std::jthread releaser;
        auto const run =
            run_batches(s, "t", "id > 0", {}, {}, [&](plan::work const &work, std::size_t) {
                if (work.read_only || releaser.joinable() ||
                    work.statements.at(1).sql.find("\"t_2\"") == std::string::npos) {
                    return;
                }
                detacher.begin();
                detacher.run("ALTER TABLE t DETACH PARTITION t_2");
                releaser = std::jthread{[&] {
                    eventually("the batch waits", [&] {
                        return number(db, "SELECT count(*) FROM pg_locks WHERE NOT granted") > 0;
                    });
                    detacher.commit();
                }};
            });
        CHECK(run.problem == "");
        CHECK(run.tally.rows == 100);
        CHECK(run.noted("public.t_2 was detached"));
        CHECK(number(db, "SELECT count(*) FROM t_2") == 100);
    }

    TEST_CASE("a partition whose detach did not end is left alone, and said")
    {
        test::database db;
        db.psql("CREATE TABLE t (id int, k int) PARTITION BY LIST (k); CREATE TABLE t_1 PARTITION "
                "OF t FOR VALUES IN (1);"
                "CREATE TABLE t_2 PARTITION OF t FOR VALUES IN (2); INSERT INTO t VALUES (1, 1), "
                "(2, 2);"
                "UPDATE pg_inherits SET inhdetachpending = true WHERE inhrelid = 't_2'::regclass");
        auto s = db.connect();
        auto const run = run_batches(s, "t", "true");
        CHECK(run.problem == "");
        CHECK(run.tally.rows == 1);
        CHECK(run.noted("DETACH PARTITION public.t_2 FINALIZE"));
        CHECK(number(db, "SELECT count(*) FROM t_2") == 1);
    }

    TEST_CASE("a foreign partition fails, the others are done")
    {
        test::database db;
        db.psql("CREATE EXTENSION file_fdw; CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;"
                "CREATE TABLE t (id int) PARTITION BY LIST (id); CREATE TABLE t_1 PARTITION OF t "
                "FOR VALUES IN (1); INSERT INTO t VALUES (1);"
                "CREATE FOREIGN TABLE t_2 PARTITION OF t FOR VALUES IN (2) SERVER files OPTIONS "
                "(filename '/dev/null')");
        auto s = db.connect();
        auto const run = run_batches(s, "t", "true");
        CHECK(run.problem.find("public.t_2 is a foreign table") != std::string::npos);
        CHECK(run.tally.rows == 1);
    }

    TEST_CASE("policies of row level security: a failure, also where the partitions have none")
    {
        test::database db;
        db.psql(
            "DROP ROLE IF EXISTS pgtend_test_batch; CREATE ROLE pgtend_test_batch LOGIN;"
            "CREATE TABLE plain (id int, mine boolean); INSERT INTO plain VALUES (1, true), (2, "
            "false);"
            "CREATE TABLE t (id int, mine boolean) PARTITION BY LIST (id); CREATE TABLE t_1 "
            "PARTITION OF t FOR VALUES IN (1);"
            "CREATE TABLE t_2 PARTITION OF t FOR VALUES IN (2); INSERT INTO t VALUES (1, true), "
            "(2, false);"
            "GRANT SELECT, DELETE ON plain, t, t_1, t_2 TO pgtend_test_batch;"
            "ALTER TABLE plain ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON plain USING (mine);"
            "ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON t USING (mine)");
        auto s = test::open(db.dsn("pgtend_test_batch"));
        s.run("SET row_security = off");
        for (auto const *table : {"plain", "t"}) {
            auto const refused = run_batches(s, table, "true");
            CHECK(refused.sqlstate == "42501");
            CHECK(refused.tally.rows == 0);
        }
        s.run("SET row_security = on"); // the job lets policies hide rows
        CHECK(run_batches(s, "plain", "true").tally.rows == 1);
        auto const around = run_batches(s, "t", "true");
        CHECK(around.sqlstate == "42501");
        CHECK(around.problem.find("policies") != std::string::npos);
        CHECK(number(db, "SELECT count(*) FROM t") == 2);
        // Whatever becomes of the plan, the answer about policies is not lost.
        auto work = test::plan_batches(s, "t", "true");
        auto const short_of_memory = test::drive(test::task_of(work), [&](plan::work const &asked) {
            if (asked.statements.front().sql.find("EXPLAIN") == std::string::npos) {
                return test::carry_out(s, asked);
            }
            plan::outcome out;
            out.failed = plan::failure{"53200", "out of shared memory", {}};
            return out;
        });
        CHECK(short_of_memory.sqlstate == "42501");
        db.psql("DROP TABLE t_2"); // the one that is left is not the table that was named
        CHECK(run_batches(s, "t", "true").sqlstate == "42501");
        CHECK(number(db, "SELECT count(*) FROM t") == 1);
        db.psql("DROP OWNED BY pgtend_test_batch; DROP ROLE pgtend_test_batch");
    }

    TEST_CASE(
        "a role that may delete and not lock: a held row keeps a few others, the rest is done")
    {
        test::database db;
        db.psql("DROP ROLE IF EXISTS pgtend_test_batch; CREATE ROLE pgtend_test_batch LOGIN;"
                "CREATE TABLE t (id int, status text); INSERT INTO t SELECT i, 'old' FROM "
                "generate_series(1, 3000) i; ANALYZE t;"
                "GRANT SELECT, DELETE ON t TO pgtend_test_batch");
        auto holder = db.connect();
        holder.begin();
        holder.run("SELECT 1 FROM t WHERE id = 77 FOR UPDATE");
        auto s = test::open(db.dsn("pgtend_test_batch"));
        auto const run = run_batches(s, "t", "status = 'old'");
        CHECK(run.problem == "");
        CHECK(run.tally.left >= 1);
        CHECK(run.tally.left <= 20);
        CHECK(run.tally.rows + run.tally.left == 3000);
        CHECK(run.noted("the privilege UPDATE on a column of public.t"));
        // With a condition that may read other tables there is no other way.
        auto const careful = run_batches(s, "t", "status = (select 'old')");
        CHECK(careful.sqlstate == "42501");
        holder.rollback();
        db.psql("DROP OWNED BY pgtend_test_batch; DROP ROLE pgtend_test_batch");
    }

    TEST_CASE("a role without rights on a partition: that one fails")
    {
        test::database db;
        db.psql("DROP ROLE IF EXISTS pgtend_test_batch; CREATE ROLE pgtend_test_batch LOGIN;"
                "CREATE TABLE t (id int) PARTITION BY LIST (id); CREATE TABLE t_1 PARTITION OF t "
                "FOR VALUES IN (1);"
                "CREATE TABLE t_2 PARTITION OF t FOR VALUES IN (2); INSERT INTO t VALUES (1), (2);"
                "GRANT SELECT, DELETE ON t, t_2 TO pgtend_test_batch");
        auto s = test::open(db.dsn("pgtend_test_batch"));
        auto const run = run_batches(s, "t", "true");
        CHECK(run.sqlstate == "42501");
        CHECK(run.problem.find("public.t_1") != std::string::npos);
        CHECK(run.tally.rows == 1);
        db.psql("DROP OWNED BY pgtend_test_batch; DROP ROLE pgtend_test_batch");
    }
}
