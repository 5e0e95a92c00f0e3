// SPDX-License-Identifier: Apache-2.0
// Batches in partitions: taken out meanwhile, foreign, without rights, with policies.
#include <doctest/doctest.h>
#include <thread>

#include "batch/support.hpp"
#include "support/database.hpp"
#include "support/process.hpp"

using namespace pgtend;
using test::eventually;
using test::number;
using test::run_batches;
using test::value;

namespace {

} // namespace

TEST_SUITE("db")
{
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
                    eventually("the batch waits",
                               [&] { return number(db, test::somebody_waits) > 0; });
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
            "DROP ROLE IF EXISTS pgtend_test_leaves; CREATE ROLE pgtend_test_leaves LOGIN;"
            "CREATE TABLE plain (id int, mine boolean); INSERT INTO plain VALUES (1, true), (2, "
            "false);"
            "CREATE TABLE t (id int, mine boolean) PARTITION BY LIST (id); CREATE TABLE t_1 "
            "PARTITION OF t FOR VALUES IN (1);"
            "CREATE TABLE t_2 PARTITION OF t FOR VALUES IN (2); INSERT INTO t VALUES (1, true), "
            "(2, false);"
            "GRANT SELECT, DELETE ON plain, t, t_1, t_2 TO pgtend_test_leaves;"
            "ALTER TABLE plain ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON plain USING (mine);"
            "ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON t USING (mine)");
        auto s = test::open(db.dsn("pgtend_test_leaves"));
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
        db.psql("DROP OWNED BY pgtend_test_leaves; DROP ROLE pgtend_test_leaves");
    }

    TEST_CASE("a role without rights on a partition: that one fails")
    {
        test::database db;
        db.psql("DROP ROLE IF EXISTS pgtend_test_leaves; CREATE ROLE pgtend_test_leaves LOGIN;"
                "CREATE TABLE t (id int) PARTITION BY LIST (id); CREATE TABLE t_1 PARTITION OF t "
                "FOR VALUES IN (1);"
                "CREATE TABLE t_2 PARTITION OF t FOR VALUES IN (2); INSERT INTO t VALUES (1), (2);"
                "GRANT SELECT, DELETE ON t, t_2 TO pgtend_test_leaves");
        auto s = test::open(db.dsn("pgtend_test_leaves"));
        auto const run = run_batches(s, "t", "true");
        CHECK(run.sqlstate == "42501");
        CHECK(run.problem.find("public.t_1") != std::string::npos);
        CHECK(run.tally.rows == 1);
        db.psql("DROP OWNED BY pgtend_test_leaves; DROP ROLE pgtend_test_leaves");
    }
}
