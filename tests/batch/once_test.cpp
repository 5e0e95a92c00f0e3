// SPDX-License-Identifier: Apache-2.0
// What triggers, clocks and foreign keys do to a run: each row once, an end, and nothing left
// unsaid.
#include <doctest/doctest.h>

#include "batch/support.hpp"
#include "support/database.hpp"

using namespace pgtend;
using test::believe_in_many;
using test::expression;
using test::number;
using test::prefer_indexes;
using test::run_batches;
using test::value;
using test::way;

namespace {

// As the ways of others_test.cpp, of a table with a time.
way const timed_ways[] = {
    {"by key", "CREATE INDEX ON t (at)", "AS beyond"},
    {"listed", "CREATE INDEX ON t USING hash (status)", "array_agg"},
    {"by blocks", "", "generate_series"},
};

void make_timed_table(test::database const &db, way const &how, int rows)
{
    db.psql("CREATE TABLE t (id int PRIMARY KEY, at timestamptz NOT NULL, status text NOT NULL "
            "DEFAULT 'old', n int NOT NULL DEFAULT 0); ALTER TABLE t DROP CONSTRAINT t_pkey;"
            "INSERT INTO t SELECT i, '2026-01-01'::timestamptz + i * interval '1 s' FROM "
            "generate_series(1, " +
            std::to_string(rows) + ") i; ANALYZE t;" + how.index);
    if (how.name == "by key") {
        believe_in_many(db, "t");
    }
}

constexpr char condition[] = "at < now() and status = 'old'";

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("rows that a trigger keeps: counted, and it fires once for each")
    {
        struct keeper {
            char const *body;
            int kept;
        };
        for (auto const &[body, kept] :
             {keeper{"IF OLD.id % 2 = 0 THEN RETURN NULL; END IF; RETURN OLD;", 1500},
              keeper{"UPDATE t SET n = n + 1 WHERE id = OLD.id; RETURN NULL;", 3000}}) {
            for (auto const &how : timed_ways) {
                for (bool const careful : {false, true}) {
                    INFO(how.name, ", ", body, careful);
                    test::database db;
                    make_timed_table(db, how, 3000);
                    db.psql(std::string{"CREATE SEQUENCE fired; CREATE FUNCTION keep() RETURNS "
                                        "trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM "
                                        "nextval('fired'); "} +
                            body +
                            " END $$; CREATE TRIGGER k BEFORE DELETE ON t FOR EACH ROW EXECUTE "
                            "FUNCTION keep()");
                    auto s = db.connect();
                    prefer_indexes(s);
                    auto const run = run_batches(
                        s, "t", std::string{condition} + (careful ? " and (select true)" : ""), {},
                        {.initial_rows = 100});
                    CHECK(run.problem == "");
                    CHECK(run.asked(how.asked) > 0);
                    CHECK(run.tally.rows == 3000 - kept);
                    CHECK(run.tally.left == kept);
                    CHECK(run.noted("kept by a trigger"));
                    CHECK(number(db, "SELECT last_value FROM fired") == 3000);
                }
            }
        }
    }

    TEST_CASE("rows that a trigger keeps from an update, and one that somebody holds beside them")
    {
        test::database db;
        make_timed_table(db, timed_ways[0], 2000);
        db.psql(
            "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.id % 2 = "
            "0 THEN RETURN NULL; END IF; RETURN NEW; END $$; CREATE TRIGGER k BEFORE UPDATE ON t "
            "FOR EACH ROW EXECUTE FUNCTION keep()");
        auto holder = db.connect();
        holder.begin();
        holder.run("SELECT 1 FROM t WHERE id = 77 FOR UPDATE");
        auto s = db.connect();
        prefer_indexes(s);
        auto const run = run_batches(s, "t", condition, {value("status", "new")});
        CHECK(run.problem == "");
        CHECK(run.tally.rows == 999);
        CHECK(run.tally.left == 1001);
    }

    TEST_CASE("an update whose rows match again soon: each once, by whichever way")
    {
        for (auto const &how : timed_ways) {
            INFO(how.name);
            test::database db;
            make_timed_table(db, how, 20000);
            auto s = db.connect();
            prefer_indexes(s);
            auto const run =
                run_batches(s, "t", "at < now() and status = 'old'",
                            {expression("at", "now() + interval '2 ms'"), expression("n", "n + 1")},
                            {.initial_rows = 500, .target = milliseconds{4}});
            CHECK(run.problem == "");
            CHECK(run.asked(how.asked) > 0);
            CHECK(run.tally.rows == 20000);
            CHECK(number(db, "SELECT count(*) FROM t WHERE n = 1") == 20000);
        }
    }

    TEST_CASE("a trigger that inserts what was deleted: it ends")
    {
        for (auto const &how : timed_ways) {
            INFO(how.name);
            test::database db;
            make_timed_table(db, how, 5000);
            db.psql("CREATE FUNCTION again() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT "
                    "INTO t "
                    "VALUES (OLD.id, OLD.at + interval '1 day', OLD.status); RETURN OLD; END $$;"
                    "CREATE TRIGGER a AFTER DELETE ON t FOR EACH ROW EXECUTE FUNCTION again()");
            auto s = db.connect();
            prefer_indexes(s);
            auto const run = run_batches(s, "t", condition, {}, {.initial_rows = 100});
            CHECK(run.problem == "");
            CHECK(run.asked(how.asked) > 0);
            CHECK(run.tally.rows == 5000);
            CHECK(number(db, "SELECT count(*) FROM t") == 5000);
        }
    }

    TEST_CASE("a row that refers to one of a batch is held: that one is left, all others go")
    {
        for (bool const careful : {false, true}) {
            test::database db;
            db.psql(
                "CREATE TABLE t (id int PRIMARY KEY, at timestamptz NOT NULL DEFAULT '2026-01-01');"
                "CREATE TABLE child (t int REFERENCES t (id) ON DELETE CASCADE, n int); CREATE "
                "INDEX "
                "ON child (t); INSERT INTO t SELECT i FROM generate_series(1, 3000) i; INSERT INTO "
                "child SELECT i FROM generate_series(1, 3000) i; ANALYZE t; ANALYZE child");
            auto holder = db.connect();
            holder.begin();
            holder.run("UPDATE child SET n = 1 WHERE t IN (5, 1700)");
            auto s = db.connect();
            auto const where = std::string{"at < now()"} + (careful ? " and (select true)" : "");
            auto const run = run_batches(s, "t", where);
            CHECK(run.problem == "");
            CHECK(run.tally.rows == 2998);
            CHECK(run.tally.left == 2);
            holder.rollback();
            CHECK(number(db, "SELECT sum(id) FROM t") == 1705);
            CHECK(run_batches(s, "t", where).tally.rows == 2);
        }
    }

    TEST_CASE(
        "rows that refer to each other: those that nobody refers to first, and a rest is said")
    {
        // What RESTRICT says from 18 on, on every server.
        constexpr char restrict_of_18[] =
            "CREATE FUNCTION referred() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS "
            "(SELECT FROM tree WHERE up = OLD.id) THEN RAISE 'tree_up_fkey' USING ERRCODE = "
            "'restrict_violation'; END IF; RETURN NULL; END $$; CREATE TRIGGER a AFTER DELETE ON "
            "tree FOR EACH ROW EXECUTE FUNCTION referred()";
        for (auto const &[action, more] : {std::pair{"NO ACTION", ""},
                                           {"NO ACTION", restrict_of_18},
                                           {"RESTRICT", ""},
                                           {"NO ACTION DEFERRABLE INITIALLY DEFERRED", ""}}) {
            INFO(action, more);
            test::database db;
            db.psql(std::string{
                        "CREATE TABLE tree (id int PRIMARY KEY, up int, at int NOT NULL, FOREIGN "
                        "KEY (up) REFERENCES tree ON DELETE "} +
                    action +
                    "); CREATE INDEX ON tree (up); INSERT INTO tree SELECT i, CASE WHEN i = 1 THEN "
                    "1 ELSE i / 2 END, 1 FROM "
                    "generate_series(1, 20000) i; " +
                    more);
            auto s = db.connect();
            db.psql("UPDATE tree SET at = 2 WHERE id = 9000"); // stays, and so do those above
            auto const run = run_batches(s, "tree", "at = 1", {}, {.initial_rows = 100});
            CHECK(run.problem == "");
            CHECK(number(db, "SELECT count(*) FROM tree") == 14);
            CHECK(run.tally.rows == 20000 - 14);
            CHECK(run.tally.left == 13);
            CHECK(
                run.noted("13 rows of public.tree are left, because rows that stay refer to them"));
            CHECK(run.noted("tree_up_fkey"));
            db.psql("DELETE FROM tree WHERE id = 9000");
            auto const all = run_batches(s, "tree", "at = 1");
            CHECK(all.tally.rows == 13);
            CHECK(all.tally.left == 0);
            CHECK(all.tally.notes.empty());
        }
    }

    TEST_CASE("rows that refer to each other are compared by the key's own operator, wherever it "
              "lies, and by no other")
    {
        test::database db;
        db.psql("CREATE SCHEMA evil; CREATE FUNCTION evil.trap(int, int) RETURNS bool LANGUAGE "
                "plpgsql AS $$ BEGIN RAISE 'hijacked'; END $$;"
                "CREATE OPERATOR evil.= (LEFTARG = int, RIGHTARG = int, FUNCTION = evil.trap);"
                "CREATE TABLE tree (id int PRIMARY KEY, up int REFERENCES tree); INSERT INTO tree "
                "SELECT i, nullif(i / 2, 0) FROM generate_series(1, 20) i;"
                "CREATE SCHEMA kinds; CREATE EXTENSION citext SCHEMA kinds;"
                "CREATE TABLE named (id kinds.citext PRIMARY KEY, up kinds.citext REFERENCES "
                "named); INSERT INTO named VALUES ('A', NULL), ('b', 'a'), ('C', 'B'), ('d', 'C')");
        auto const run = [&](std::string const &table, std::string const &where) {
            auto s = db.connect();
            auto work = test::plan_batches(s, table, where);
            s.run("SET search_path = evil, pg_catalog");
            return test::drive(test::task_of(work), s);
        };
        auto const numbers = run("public.tree", "id <> 15"); // stays, and so do 7, 3 and 1
        CHECK(numbers.problem == "");
        CHECK(numbers.tally.left == 3);
        CHECK(number(db, "SELECT count(*) FROM tree") == 4);
        // Names that differ in case are the same.
        auto const names = run("public.named", "id <> 'C'");
        CHECK(names.problem == "");
        CHECK(names.tally.left == 2);
        CHECK(number(db, "SELECT count(*) FROM named") == 3);
    }

    TEST_CASE("rows of partitions that refer to each other; another table's reference is a failure")
    {
        test::database db;
        db.psql("CREATE TABLE pgtend_other (id int, k int, up int, up_k int, PRIMARY KEY (id, k), "
                "FOREIGN "
                "KEY (up, up_k) REFERENCES pgtend_other) PARTITION BY LIST (k); CREATE TABLE t_1 "
                "PARTITION OF pgtend_other FOR VALUES IN (0); CREATE TABLE t_2 PARTITION OF "
                "pgtend_other "
                "FOR VALUES IN (1); INSERT INTO pgtend_other SELECT i, i % 2, nullif(i - 1, -1), "
                "(i + 1) % 2 FROM "
                "generate_series(0, 60) i");
        auto s = db.connect();
        CHECK(run_batches(s, "pgtend_other", "true").tally.rows == 61);
        db.psql(
            "CREATE TABLE t (id int PRIMARY KEY, up int REFERENCES t); CREATE TABLE child (t int "
            "REFERENCES t); INSERT INTO t VALUES (1), (2); INSERT INTO child VALUES (2)");
        auto const refused = run_batches(s, "t", "true");
        CHECK(refused.sqlstate == "23503");
        CHECK(refused.problem.find("child_t_fkey") != std::string::npos);
    }

    TEST_CASE("a table and a column by names of ours")
    {
        test::database db;
        db.psql("CREATE TABLE pgtend_g (pgtend_block int, done bool); INSERT INTO pgtend_g SELECT "
                "i FROM "
                "generate_series(1, 1000) i; ANALYZE pgtend_g");
        auto s = db.connect();
        auto const run = run_batches(s, "pgtend_g", "pgtend_g.pgtend_block > 500 and done is null",
                                     {value("done", "true")});
        CHECK(run.problem == "");
        CHECK(run.asked("generate_series") > 0);
        CHECK(run.tally.rows == 500);
    }

    TEST_CASE(
        "a condition that calls the table by its schema is wrong below it, and the hint tells why")
    {
        test::database db;
        db.psql(
            "CREATE TABLE t (id int) PARTITION BY LIST (id); CREATE TABLE t_1 PARTITION OF t FOR "
            "VALUES IN (1); CREATE TABLE t_2 PARTITION OF t FOR VALUES IN (2); INSERT INTO t "
            "VALUES "
            "(1), (2); CREATE TABLE plain (id int); INSERT INTO plain VALUES (1)");
        auto s = db.connect();
        CHECK(run_batches(s, "plain", "public.plain.id = 1").tally.rows == 1);
        auto const run = run_batches(s, "t", "public.t.id > 0");
        CHECK(run.sqlstate == "42P01");
        CHECK(run.problem.find("partitions failed") == std::string::npos);
        CHECK(run.hint.find("Write t.column") == 0);
        CHECK(number(db, "SELECT count(*) FROM t") == 2);
    }
}
