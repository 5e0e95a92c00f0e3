// SPDX-License-Identifier: Apache-2.0
// Rows of a table that refer to each other, in more than one leaf and while others add some.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "batch/support.hpp"
#include "support/database.hpp"

using namespace pgtend;
using test::number;
using test::run_batches;

TEST_SUITE("db")
{
    TEST_CASE("rows that rows which stay refer to are counted in each leaf")
    {
        struct stays {
            bool in_first, in_second;
        };
        for (auto const &where : {stays{true, false}, stays{false, true}, stays{true, true}}) {
            auto const in_first = where.in_first, in_second = where.in_second;
            INFO(in_first, in_second);
            test::database db;
            db.psql("CREATE TABLE t (id int, k int, up int, up_k int, at int DEFAULT 1, PRIMARY "
                    "KEY (id, k), FOREIGN KEY (up, up_k) REFERENCES t) PARTITION BY LIST (k);"
                    "CREATE TABLE t_0 PARTITION OF t FOR VALUES IN (0);"
                    "CREATE TABLE t_1 PARTITION OF t FOR VALUES IN (1);"
                    "INSERT INTO t SELECT i, i % 2, nullif(i - 1, 0), CASE WHEN i > 1 THEN (i + 1) "
                    "% 2 END FROM generate_series(1, 200) i");
            auto const stay = [&](char const *leaf) {
                db.psql(fmt::format(
                    "INSERT INTO t SELECT 2000 + i, {0} FROM generate_series(1, 50) i;"
                    "INSERT INTO t SELECT 3000 + i, {0}, 2000 + i, {0}, 2 FROM generate_series(1, "
                    "50) i",
                    leaf));
            };
            if (in_first) {
                stay("0");
            }
            if (in_second) {
                stay("1");
            }
            auto s = db.connect();
            auto const run = run_batches(s, "t", "at = 1");
            auto const left = (in_first ? 50 : 0) + (in_second ? 50 : 0);
            CHECK(run.problem == "");
            CHECK(number(db, "SELECT count(*) FROM t WHERE at = 1") == left);
            CHECK(run.tally.left == left);
            CHECK(run.noted("50 rows of public.t_0 are left") == in_first);
            CHECK(run.noted("50 rows of public.t_1 are left") == in_second);
        }
    }

    TEST_CASE("a row that others begin to refer to meanwhile is left, all others go")
    {
        test::database db;
        db.psql("CREATE TABLE t (id int PRIMARY KEY, up int REFERENCES t, at int); CREATE INDEX ON "
                "t (up); INSERT INTO t SELECT i, nullif(i / 2, 0), 1 FROM generate_series(1, 5000) "
                "i; ANALYZE t");
        auto s = db.connect();
        bool done = false, listed = false;
        auto const run = run_batches(
            s, "t", "at = 1", {}, {.initial_rows = 100}, [&](plan::work const &work, std::size_t) {
                if (!work.read_only && listed && !done) {
                    done = true;
                    db.psql("INSERT INTO t VALUES (100001, 4000, 2)");
                }
                for (auto const &each : work.statements) {
                    listed = listed || each.sql.find("pgtend_other") != std::string::npos;
                }
            });
        CHECK(done);
        CHECK(run.problem == "");
        // The row, and those that it refers to.
        auto const left = number(db, "SELECT count(*) FROM t WHERE at = 1");
        CHECK(left == 12);
        CHECK(run.tally.left == left);
        CHECK(run.tally.rows == 5000 - left);
    }

    TEST_CASE("others add matching rows as fast as passes go: the run ends")
    {
        test::database db;
        db.psql("CREATE TABLE t (id serial PRIMARY KEY, up int REFERENCES t, pad text DEFAULT "
                "repeat('x', 700)) WITH (fillfactor = 10); CREATE INDEX ON t "
                "(up); INSERT INTO t SELECT i, nullif(i - 1, 0) FROM generate_series(1, 30) i; "
                "SELECT setval('t_id_seq', 100); ANALYZE t");
        auto s = db.connect();
        auto other = db.connect();
        auto work = test::plan_batches(s, "t", "id > 0", {}, {.initial_rows = 1});
        auto const run = test::drive(
            test::task_of(work),
            [&](plan::work const &asked) {
                if (!asked.read_only) {
                    other.run("INSERT INTO t DEFAULT VALUES");
                }
                return test::carry_out(s, asked);
            },
            400);
        CHECK(run.problem == "");
        CHECK(run.asked("pgtend_other") > 30);
        CHECK(number(db, "SELECT count(*) FROM t WHERE id <= 30") == 0);
        CHECK(run.tally.left == number(db, "SELECT count(*) FROM t"));
    }
}
