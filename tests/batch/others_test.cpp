// SPDX-License-Identifier: Apache-2.0
// Batches beside others: rows that are held, or move, meanwhile.
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
using test::number;
using test::prefer_indexes;
using test::run_batches;
using test::value;
using test::way;

namespace {

// An index by whose column to go, one without order, none.
way const ways[] = {
    {"by key", "CREATE INDEX ON t (at) WHERE status = 'old'", "AS beyond"},
    {"listed", "CREATE INDEX ON t USING hash (status)", "array_agg"},
    {"by blocks", "", "generate_series"},
};

void make_table(test::database const &db, way const &how, int rows)
{
    db.psql("CREATE TABLE t (id int, at int, status text NOT NULL DEFAULT 'old', n int NOT NULL "
            "DEFAULT 0);"
            "INSERT INTO t SELECT i, i / 3 FROM generate_series(1, " +
            std::to_string(rows) + ") i;" + how.index);
    if (how.name == "by key") { // the planner believes in many rows
        db.psql("UPDATE pg_class SET reltuples = 1e9, relpages = 1 WHERE oid = 't'::regclass");
    } else {
        db.psql("ANALYZE t");
    }
}

} // namespace

TEST_SUITE("db")
{
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
            // They move, behind where the search has come meanwhile.
            holder.run("UPDATE t SET at = at + 150 WHERE id IN (5, 6)");
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
            auto holder = db.connect(), watcher = db.connect();
            std::jthread releaser;
            bool waited = false;
            std::atomic<bool> over = false;
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
                            return over || watcher.run(test::somebody_waits).integer(0, 0) > 0;
                        });
                        holder.commit();
                    }};
                });
            over = true;
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

    TEST_CASE("a row that others move, by value and in the heap, to where the search has been")
    {
        for (auto const &how : ways) {
            for (bool const deletes : {false, true}) {
                INFO(how.name, " ", deletes);
                test::database db;
                make_table(db, how, 20000);
                // The first of two thousand blocks are free.
                db.psql("ALTER TABLE t ADD filler text; ALTER TABLE t ALTER filler SET STORAGE "
                        "PLAIN; UPDATE t SET filler = repeat('x', 500), status = CASE WHEN id % "
                        "50 = 0 THEN 'old' ELSE 'other' END");
                db.psql("VACUUM FULL t");
                db.psql("DELETE FROM t WHERE id < 2000");
                db.psql("VACUUM (ANALYZE) t");
                if (how.name == "by key") {
                    test::believe_in_many(db, "t");
                }
                REQUIRE(number(db, "SELECT pg_relation_size('t') / 8192") > 1024);
                auto s = db.connect();
                prefer_indexes(s);
                int changes = 0;
                auto const run =
                    run_batches(s, "t", "status = 'old'",
                                deletes ? std::vector<model::assignment>{}
                                        : std::vector{value("status", "new")},
                                {.initial_rows = 50}, [&](plan::work const &work, std::size_t) {
                                    if (work.read_only || ++changes != 2) {
                                        return;
                                    }
                                    // Not of the last page, which has room for a new version.
                                    db.psql("UPDATE t SET at = 1 WHERE id = 19950");
                                });
                REQUIRE(changes >= 2);
                CHECK(run.problem == "");
                CHECK(run.asked(how.asked) > 0);
                CHECK(number(db, "SELECT count(*) FROM t WHERE status = 'old'") == 0);
                CHECK(run.tally.rows == 361);
                CHECK(run.tally.left == 0);
            }
        }
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
}
