// SPDX-License-Identifier: Apache-2.0
// Where a run ends, and what it says of what it did not do.
#include <algorithm>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "batch/statements.hpp"
#include "batch/support.hpp"
#include "support/database.hpp"

using namespace pgtend;
using test::believe_in_many;
using test::number;
using test::prefer_indexes;
using test::run_batches;

namespace {

bool asks(plan::work const &work, char const *text)
{
    for (auto const &each : work.statements) {
        if (each.sql.find(text) != std::string::npos) {
            return true;
        }
    }
    return false;
}

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("a row that gets a value after the values were walked through, with many rows "
              "without one: it is looked for once more")
    {
        test::database db;
        db.psql("CREATE TABLE t (id int, at int, status text); INSERT INTO t SELECT i, CASE WHEN i "
                "<= 10 THEN i END, 'old' FROM generate_series(1, 5000) i; CREATE INDEX ON t (at) "
                "WHERE status = 'old'; ANALYZE t");
        believe_in_many(db, "t");
        auto s = db.connect();
        prefer_indexes(s);
        int looks = 0;
        auto const run = run_batches(s, "t", "status = 'old'", {}, {.initial_rows = 100},
                                     [&](plan::work const &work, std::size_t) {
                                         if (work.read_only && asks(work, "IS NULL") &&
                                             asks(work, "array_agg") && ++looks == 1) {
                                             db.psql("UPDATE t SET at = 5 WHERE id = 4000");
                                         }
                                     });
        CHECK(looks > 0);
        CHECK(run.problem == "");
        CHECK(run.tally.rows == 5000);
        CHECK(number(db, "SELECT count(*) FROM t") == 0);
    }

    TEST_CASE("max_rows is kept, however many rows others add to what was found")
    {
        for (bool const by_key : {true, false}) {
            INFO(by_key);
            test::database db;
            db.psql("CREATE TABLE t (id int, at timestamptz); INSERT INTO t SELECT i, "
                    "'2026-01-01'::timestamptz + i * interval '1 s' FROM generate_series(1, 2000) "
                    "i; ANALYZE t");
            if (by_key) {
                db.psql("CREATE INDEX ON t (at)");
                believe_in_many(db, "t");
            }
            auto s = db.connect();
            if (by_key) {
                prefer_indexes(s);
            }
            int changes = 0;
            auto const run = run_batches(
                s, "t", "at < now()", {},
                {.initial_rows = 10, .target = milliseconds{1}, .max_rows = 1000},
                [&](plan::work const &work, std::size_t) {
                    if (!work.read_only && ++changes == 1) {
                        db.psql("INSERT INTO t SELECT 1, '2026-01-01'::timestamptz FROM "
                                "generate_series(1, 5000) i");
                    }
                });
            CHECK(run.problem == "");
            CHECK(run.tally.rows == 1000);
            CHECK(number(db, "SELECT count(*) FROM t") == 6000);
        }
    }

    TEST_CASE("a trigger of one partition is wrong: that one fails, the others are done")
    {
        test::database db;
        db.psql("CREATE TABLE t (id int, k int) PARTITION BY LIST (k); CREATE TABLE t_1 PARTITION "
                "OF t FOR VALUES IN (1); CREATE TABLE t_2 PARTITION OF t FOR VALUES IN (2); CREATE "
                "TABLE t_3 PARTITION OF t FOR VALUES IN (3); INSERT INTO t SELECT i, 1 + i % 3 "
                "FROM generate_series(1, 300) i;"
                "CREATE FUNCTION bad() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM "
                "no_such_function(1); RETURN NULL; END $$;"
                "CREATE TRIGGER a AFTER DELETE ON t_2 FOR EACH ROW EXECUTE FUNCTION bad()");
        auto s = db.connect();
        auto const run = run_batches(s, "t", "true");
        CHECK(run.sqlstate == "42883");
        CHECK(run.problem.find("public.t_2") != std::string::npos);
        CHECK(run.problem.find("no_such_function") != std::string::npos);
        CHECK(run.tally.rows == 200);
        CHECK(number(db, "SELECT count(*) FROM t") == 100);
    }

    TEST_CASE("what a batch costs does not grow with the batches before it")
    {
        test::database db;
        db.psql("CREATE TABLE t (id int PRIMARY KEY, status text NOT NULL); INSERT INTO t SELECT "
                "i, 'old' FROM generate_series(1, 3000) i; ANALYZE t"); // 14 blocks
        believe_in_many(db, "t");
        for (bool const by_key : {true, false}) {
            INFO(by_key);
            db.psql("UPDATE t SET status = 'old'");
            auto s = db.connect();
            if (by_key) {
                prefer_indexes(s);
            }
            auto const run =
                run_batches(s, "t", "id > 0 and status = 'old'", {test::value("status", "new")},
                            {.initial_rows = 5, .target = microseconds{1}});
            CHECK(run.problem == "");
            CHECK(run.tally.rows == 3000);
            CHECK(run.tally.batches > 5);
            CHECK(run.asked(by_key ? "AS beyond" : "generate_series") > 1);
            std::size_t longest = 0;
            for (auto const &work : run.log) {
                for (auto const &each : work.statements) {
                    for (auto const &value : each.parameters) {
                        longest = std::max(longest, work.read_only ? 0 : value->size());
                    }
                }
            }
            CHECK(longest < 50);
        }
    }

    TEST_CASE("a trigger adds a row for each that goes, in a subtransaction or by another table: "
              "the run ends")
    {
        struct trigger {
            char const *on, *body;
        };
        for (auto const &what :
             {trigger{"t", "BEGIN INSERT INTO t (status) VALUES ('old'); EXCEPTION WHEN "
                           "unique_violation THEN NULL; END; RETURN NULL;"},
              trigger{"child", "INSERT INTO t (status) VALUES ('old') RETURNING id INTO n; INSERT "
                               "INTO child VALUES (n); RETURN NULL;"}}) {
            INFO(what.on);
            test::database db;
            db.psql(fmt::format(
                "CREATE TABLE t (id bigserial PRIMARY KEY, status text) WITH (autovacuum_enabled = "
                "off); CREATE TABLE child (t bigint REFERENCES t ON DELETE CASCADE) WITH "
                "(autovacuum_enabled = off); CREATE INDEX ON child (t);"
                "INSERT INTO t (status) SELECT 'old' FROM generate_series(1, 2000) i; INSERT INTO "
                "child SELECT id FROM t;"
                "CREATE FUNCTION again() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE n bigint; "
                "BEGIN {} END $$; CREATE TRIGGER a AFTER DELETE ON {} FOR EACH ROW EXECUTE "
                "FUNCTION again(); ANALYZE t",
                what.body, what.on));
            believe_in_many(db, "t");
            auto s = db.connect();
            prefer_indexes(s);
            auto work =
                test::plan_batches(s, "t", "id > 0 and status = 'old'", {}, {.initial_rows = 500});
            auto const run = test::drive(
                test::task_of(work),
                [&](plan::work const &asked) {
                    auto out = test::carry_out(s, asked);
                    out.elapsed = std::chrono::milliseconds{
                        10}; // or a slow machine would have smaller batches
                    return out;
                },
                400);
            CHECK(run.problem == "");
            CHECK(run.asked("AS beyond") > 0);
            CHECK(run.tally.rows >= 2000);
        }
    }

    TEST_CASE("others add rows as fast as batches go: the run ends")
    {
        test::database db;
        db.psql("CREATE TABLE t (id bigserial PRIMARY KEY); INSERT INTO t SELECT i "
                "FROM generate_series(1, 100) i; SELECT setval('t_id_seq', 100); ANALYZE t");
        believe_in_many(db, "t");
        auto s = db.connect();
        prefer_indexes(s);
        auto other = db.connect();
        auto work = test::plan_batches(s, "t", "id > 0", {},
                                       {.initial_rows = 1, .target = microseconds{1}});
        auto const run = test::drive(
            test::task_of(work),
            [&](plan::work const &asked) {
                if (!asked.read_only) {
                    other.run("INSERT INTO t DEFAULT VALUES");
                    other.run("INSERT INTO t DEFAULT VALUES");
                }
                return test::carry_out(s, asked);
            },
            4'000);
        CHECK(run.problem == "");
        CHECK(run.tally.rows >= 100);
    }

    TEST_CASE("the same when a trigger may keep rows, whose table is looked through once")
    {
        test::database db;
        db.psql("CREATE TABLE t (id bigserial PRIMARY KEY); INSERT INTO t SELECT i "
                "FROM generate_series(1, 100) i; SELECT setval('t_id_seq', 100);"
                "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN OLD; "
                "END $$; CREATE TRIGGER a BEFORE DELETE ON t FOR EACH ROW EXECUTE FUNCTION "
                "keep(); ANALYZE t");
        believe_in_many(db, "t");
        auto s = db.connect();
        prefer_indexes(s);
        auto other = db.connect();
        auto work = test::plan_batches(s, "t", "id > 0", {},
                                       {.initial_rows = 1, .target = microseconds{1}});
        auto const run = test::drive(
            test::task_of(work),
            [&](plan::work const &asked) {
                if (!asked.read_only) {
                    other.run(
                        "INSERT INTO t SELECT nextval('t_id_seq') FROM generate_series(1, 200)");
                }
                return test::carry_out(s, asked);
            },
            1'000);
        CHECK(run.problem == "");
        CHECK(number(db, "SELECT count(*) FROM t WHERE id <= 100") == 0);
    }

    TEST_CASE("what was written since the walk began is told from rows frozen long ago")
    {
        test::database db;
        auto s = db.connect();
        batch::change const what{{"public", "t"}, "true", {}};
        catalog::leaf_table const leaf{"1", {"public", "t"}, false, {}};
        std::string const writers = ",3";
        batch::leaf_statements const sql{what, {.table = leaf, .root = "1", .writers = &writers}};
        auto const next =
            std::stoll(s.run("SELECT pg_snapshot_xmax(pg_current_snapshot())::text").text(0, 0));
        auto const text = [](long long xid) { return std::to_string(xid & 0xFFFFFFFF); };
        batch::section rows;
        rows.far = true;
        rows.since = text(next - 50); // of a walk that began 50 transactions ago
        auto const asked = sql.count(rows, 1);
        auto const begin = asked.sql.find("CASE WHEN");
        auto condition = asked.sql.substr(begin, asked.sql.find(" END", begin) + 4 - begin);
        std::string const column = "\"t\".\"xmin\"";
        for (auto at = condition.find(column); at != std::string::npos;
             at = condition.find(column)) {
            condition.replace(at, column.size(), "$2::xid");
        }
        auto const kept = [&](long long xmin) {
            return s.run("SELECT " + condition, {rows.since, text(xmin)}).flag(0, 0);
        };
        CHECK(kept(next - 51));
        CHECK_FALSE(kept(next - 50));
        CHECK_FALSE(kept(next - 1));
        CHECK_FALSE(kept(next + 20)); // of others
        for (auto const old : {1'000'000LL, 2'100'000'000LL, 2'200'000'000LL, 3'200'000'000LL,
                               3'900'000'000LL, 4'290'000'000LL}) {
            INFO(old);
            CHECK(kept(next - old));
        }
    }
}
