// SPDX-License-Identifier: Apache-2.0
// Batches on a real server: which rows they reach, by whichever way they are found.
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

namespace {

// Deletes of t are noted in gone, which is how doubles would show.
constexpr char audit[] =
    "CREATE TABLE gone (id bigint NOT NULL);"
    "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO gone VALUES "
    "(OLD.id); RETURN NULL; END $$;"
    "CREATE TRIGGER note AFTER DELETE ON t FOR EACH ROW EXECUTE FUNCTION note();";

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("many rows by an index: in the order of its column, each batch a commit, nothing "
              "else touched")
    {
        test::database db;
        db.psql("CREATE TABLE t (id bigint PRIMARY KEY, at timestamptz NOT NULL, keep boolean NOT "
                "NULL DEFAULT false);"
                "INSERT INTO t SELECT i, '2026-01-01'::timestamptz + i * interval '1 second', i % "
                "10 = 0 FROM generate_series(1, 60000) i;"
                "CREATE INDEX t_at ON t (at); ANALYZE t");
        auto s = db.connect();
        auto const run =
            run_batches(s, "public.t", "at < '2026-01-01 06:00+00' and not keep -- comment", {},
                        {.initial_rows = 1000});
        CHECK(run.problem == "");
        CHECK(run.tally.rows == 19440);
        CHECK(run.tally.left == 0);
        CHECK(run.tally.batches >= 3);
        CHECK(number(db, "SELECT count(*) FROM t") == 60000 - 19440);
        CHECK(number(db, "SELECT count(*) FROM t WHERE at < '2026-01-01 06:00+00' AND NOT keep") ==
              0);
        CHECK(run.asked("\"t\".\"at\" OPERATOR(pg_catalog.>=) $1::pg_catalog.timestamptz") > 0);
        CHECK(run.asked("generate_series") == 0);
        CHECK(run.asked("array_agg") == 1); // the last look
        REQUIRE(run.tally.expected);
        CHECK(*run.tally.expected > 10000);
        CHECK(*run.tally.expected < 40000);
    }

    TEST_CASE("few rows by an index: their places are listed; a table with none of them is not "
              "written to")
    {
        test::database db;
        db.psql("CREATE TABLE t (id bigint PRIMARY KEY, status text NOT NULL, at timestamptz);"
                "INSERT INTO t SELECT i, CASE WHEN i % 100 = 0 THEN 'pending' ELSE 'done' END FROM "
                "generate_series(1, 20000) i;"
                "CREATE INDEX ON t (status); ANALYZE t");
        auto s = db.connect();
        auto const run = run_batches(s, "t", "status = 'pending'",
                                     {value("status", "cancelled"), expression("at", "now()")});
        CHECK(run.problem == "");
        CHECK(run.tally.rows == 200);
        CHECK(run.asked("array_agg") == 1);
        CHECK(number(db, "SELECT count(*) FROM t WHERE status = 'cancelled' AND at IS NOT NULL") ==
              200);
        CHECK(number(db, "SELECT count(*) FROM t WHERE status = 'done' AND at IS NULL") == 19800);

        auto const nothing =
            run_batches(s, "t", "status = 'pending'", {value("status", "cancelled")});
        CHECK(nothing.problem == "");
        CHECK(nothing.tally.rows == 0);
        CHECK(nothing.tally.batches == 0);
        for (auto const &work : nothing.log) {
            CHECK(work.read_only);
        }
    }

    TEST_CASE("no index: ranges of heap blocks, where rows are dense, sparse, or not at all")
    {
        test::database db;
        db.psql("CREATE TABLE t (id bigint, note text);"
                "INSERT INTO t SELECT i, repeat('x', 200) FROM generate_series(1, 100000) i; "
                "ANALYZE t");
        auto s = db.connect();
        auto const dense =
            run_batches(s, "t", "id between 20000 and 39999", {}, {.initial_rows = 2000});
        CHECK(dense.problem == "");
        CHECK(dense.tally.rows == 20000);
        CHECK(dense.tally.batches > 3);
        CHECK(dense.asked("generate_series") > 0);
        auto const sparse = run_batches(s, "t", "id % 5000 = 1");
        CHECK(sparse.tally.rows == 16);
        auto const none = run_batches(s, "t", "id < 0");
        CHECK(none.tally.rows == 0);
        CHECK(none.tally.batches == 0);
        CHECK(number(db, "SELECT count(*) FROM t") == 79984);
        // Updated rows go to later blocks, maybe behind the end of the first look; none is met
        // twice.
        db.psql("ALTER TABLE t ADD times int NOT NULL DEFAULT 0; ALTER TABLE t ADD done boolean");
        auto const updated = run_batches(s, "t", "done is null",
                                         {value("done", "true"), expression("times", "times + 1")});
        CHECK(updated.problem == "");
        CHECK(updated.tally.rows == 79984);
        CHECK(number(db, "SELECT count(*) FROM t WHERE times = 1 AND done") == 79984);
    }

    TEST_CASE("a partitioned table: leaf by leaf, never a place of one leaf in another, excluded "
              "leaves not looked at")
    {
        test::database db;
        db.psql("CREATE TABLE t (id bigint NOT NULL, at timestamptz NOT NULL, note text) PARTITION "
                "BY RANGE (at);"
                "CREATE TABLE t_1 PARTITION OF t FOR VALUES FROM ('2026-01-01+00') TO "
                "('2026-02-01+00');"
                "CREATE TABLE t_2 (note text, gone int, at timestamptz NOT NULL, id bigint NOT "
                "NULL); ALTER TABLE t_2 DROP gone;"
                "ALTER TABLE t ATTACH PARTITION t_2 FOR VALUES FROM ('2026-02-01+00') TO "
                "('2026-03-01+00');"
                "CREATE TABLE t_3 PARTITION OF t FOR VALUES FROM ('2026-03-01+00') TO "
                "('2026-04-01+00') PARTITION BY LIST (id);"
                "CREATE TABLE t_3_rest PARTITION OF t_3 DEFAULT; CREATE TABLE t_rest PARTITION OF "
                "t DEFAULT;"
                "INSERT INTO t SELECT i, '2026-01-01+00'::timestamptz + (i % 90) * interval '1 "
                "day' FROM generate_series(1, 9000) i;"
                "ANALYZE t; SET TimeZone = 'UTC'");
        auto s = db.connect();
        // The condition may call the table by its name.
        auto const run =
            run_batches(s, "public.t", "t.at < '2026-02-10+00' or t.at >= '2026-03-20+00'");
        CHECK(run.problem == "");
        CHECK(run.tally.rows == 4000 + 1200);
        CHECK(number(db, "SELECT count(*) FROM t") == 3800);
        CHECK(
            number(db,
                   "SELECT count(*) FROM t WHERE at < '2026-02-10+00' or at >= '2026-03-20+00'") ==
            0);

        auto const one = run_batches(s, "public.t", "at < '2026-02-15+00'");
        CHECK(one.tally.rows == 500);
        CHECK(one.asked("\"t_2\"") > 0);
        CHECK(one.asked("\"t_3_rest\"") == 0);
    }

    TEST_CASE("an inherited table: the rows of its children, and its own")
    {
        test::database db;
        db.psql("CREATE TABLE t (id int); CREATE TABLE t_a () INHERITS (t); CREATE TABLE t_b () "
                "INHERITS (t_a);"
                "INSERT INTO t VALUES (1), (2); INSERT INTO t_a VALUES (1), (3); INSERT INTO t_b "
                "VALUES (1), (4)");
        auto s = db.connect();
        CHECK(run_batches(s, "t", "id = 1").tally.rows == 3);
        CHECK(number(db, "SELECT sum(id) FROM t") == 9);
    }

    TEST_CASE("every type of key: each row once, rows without a key, many rows with the same one")
    {
        struct kind {
            char const *type, *expression;
        };
        for (auto const &[type, expression] :
             {kind{"smallint", "(i % 300 - 150)::smallint"}, kind{"integer", "i - 1000"},
              kind{"bigint", "(i % 7)::bigint * 10000000000"},
              kind{"numeric",
                   "CASE WHEN i % 50 = 0 THEN 'NaN'::numeric ELSE (i % 400)::numeric / 7 END"},
              kind{"numeric(10,2)", "CASE WHEN i % 2 = 0 THEN 1.0 ELSE 1.00 END"},
              kind{"uuid", "md5(i::text)::uuid"},
              kind{"timestamptz", "CASE i % 30 WHEN 0 THEN 'infinity' WHEN 1 THEN '-infinity' WHEN "
                                  "2 THEN '0044-03-15 BC' ELSE '2026-03-29+00'::timestamptz + i * "
                                  "interval '1.000001 s' END"},
              kind{"timestamp", "'2026-03-29'::timestamp + i * interval '3 minutes'"},
              kind{"date", "'2026-01-01'::date + i / 10"},
              kind{"text", "CASE i % 5 WHEN 0 THEN '' WHEN 1 THEN E'a\\'\\\\\"b\\n' || i WHEN 2 "
                           "THEN chr(128512) || i % 10 ELSE 'same' END"},
              kind{"varchar(9)", "left(md5((i % 100)::text), 9)"}}) {
            INFO(type);
            test::database db;
            db.psql(
                std::string{"CREATE TABLE t (id bigint, k "} + type +
                ");INSERT INTO t SELECT i, CASE WHEN i % 11 = 0 THEN NULL ELSE " + expression +
                " END FROM generate_series(1, 2000) i; CREATE INDEX ON t (k) WHERE id % 4 <> 1;" +
                audit);
            believe_in_many(db, "t");
            auto s = db.connect();
            prefer_indexes(s);
            auto const run = run_batches(s, "t", "id % 4 <> 1", {}, {.initial_rows = 3});
            CHECK(run.problem == "");
            CHECK(run.tally.rows == 1500);
            CHECK(run.asked("AS beyond") >= 3);
            CHECK(number(db, "SELECT count(*) FROM t WHERE id % 4 = 1") == 500);
            CHECK(number(db, "SELECT count(*) FROM t") == 500);
            CHECK(number(db, "SELECT count(DISTINCT id) FROM gone") == 1500);
            CHECK(number(db, "SELECT count(*) FROM gone") == 1500);
        }
    }

    TEST_CASE("the second column of an index serves when the condition holds the first one still, "
              "a constant one does not")
    {
        test::database db;
        db.psql("CREATE TABLE t (id bigint, status text NOT NULL, city int NOT NULL);"
                "INSERT INTO t SELECT i, CASE WHEN i % 2 = 0 THEN 'pending' ELSE 'done' END, i % "
                "500 FROM generate_series(1, 4000) i;"
                "CREATE INDEX ON t (status, city); ANALYZE t");
        believe_in_many(db, "t");
        auto s = db.connect();
        prefer_indexes(s);
        auto const run = run_batches(s, "t", "status = 'pending'", {value("status", "gone")},
                                     {.initial_rows = 10});
        CHECK(run.problem == "");
        CHECK(run.tally.rows == 2000);
        CHECK(run.asked("\"t\".\"city\" OPERATOR(pg_catalog.>=) $1::pg_catalog.int4") > 0);
        CHECK(run.asked("AS beyond") > 0);
        CHECK(number(db, "SELECT count(*) FROM t WHERE status = 'gone'") == 2000);

        db.psql("DROP INDEX t_status_city_idx; CREATE INDEX ON t (status); UPDATE t SET status = "
                "'pending' WHERE id % 2 = 0; ANALYZE t");
        believe_in_many(db, "t");
        auto const constant = run_batches(s, "t", "status = 'pending'", {value("status", "gone")});
        CHECK(constant.problem == "");
        CHECK(constant.tally.rows == 2000);
        CHECK(constant.asked("AS beyond") == 0);
    }

    TEST_CASE("far more rows than the planner believes: the list is given up for the order of a "
              "key, or for blocks")
    {
        for (bool const ordered : {true, false}) {
            test::database db;
            db.psql(
                std::string{"CREATE TABLE t (id int, at int NOT NULL, status int) WITH "
                            "(autovacuum_enabled = off); INSERT INTO t "
                            "SELECT i, i, 1 FROM generate_series(1, 210000) i;"
                            "ANALYZE t; CREATE INDEX ON t "} +
                (ordered ? "(at)" : "USING hash (status)") +
                "; UPDATE pg_class SET reltuples = 1, relpages = 10000 WHERE oid = 't'::regclass");
            auto s = db.connect();
            prefer_indexes(s);
            auto const run =
                run_batches(s, "t", "at > 0 and status = 1", {}, {.initial_rows = 50000});
            CHECK(run.problem == "");
            CHECK(run.tally.rows == 210000);
            CHECK(run.asked("array_agg") == (ordered ? 2 : 1)); // the last look of the one by key
            CHECK(run.asked(ordered ? "AS beyond" : "generate_series") > 0);
            CHECK(number(db, "SELECT count(*) FROM t") == 0);
        }
    }

    TEST_CASE("hostile names of everything, values of every type")
    {
        test::database db;
        db.psql(R"sql(
            CREATE SCHEMA "a.b""; DROP TABLE x; --";
            CREATE TYPE "a.b""; DROP TABLE x; --"."Mood" AS ENUM ('sad', 'it''s ok');
            CREATE TABLE "a.b""; DROP TABLE x; --"."sel""ect 🚲" ("or""der" int, "from" text, mood "a.b""; DROP TABLE x; --"."Mood", j jsonb,
                n varchar(5), flag boolean, list text[]) PARTITION BY LIST ("or""der");
            CREATE TABLE "a.b""; DROP TABLE x; --"."p""1" PARTITION OF "a.b""; DROP TABLE x; --"."sel""ect 🚲" FOR VALUES IN (1);
            CREATE TABLE "a.b""; DROP TABLE x; --"."$1" PARTITION OF "a.b""; DROP TABLE x; --"."sel""ect 🚲" FOR VALUES IN (2);
            INSERT INTO "a.b""; DROP TABLE x; --"."sel""ect 🚲" SELECT 1 + i % 2, 'x' FROM generate_series(1, 100) i;
        )sql");
        auto s = db.connect();
        std::string const table = R"("a.b""; DROP TABLE x; --"."sel""ect 🚲")";
        std::string const text = "'); DROP TABLE x; -- \\ \" $1 🚲";
        auto const run = run_batches(
            s, table, R"("sel""ect 🚲"."from" = 'x' /* ' */ or "from" = $q$;"$q$)",
            {value("from", text), value("mood", "it's ok"), value("j", R"({"a": "\"'"})"),
             value("n", std::nullopt), value("flag", "true"),
             expression("list", "ARRAY['a', \"sel\"\"ect 🚲\".\"from\"] -- ')")});
        CHECK(run.problem == "");
        CHECK(run.tally.rows == 100);
        auto const check = s.run("SELECT count(*) FROM " + table +
                                     " WHERE \"from\" = $1 AND mood::text = $2 AND n IS NULL AND "
                                     "flag AND list = ARRAY['a', 'x']",
                                 {text, "it's ok"});
        CHECK(check.integer(0, 0) == 100);
        auto const too_long =
            run_batches(s, table, "\"from\" <> 'y'", {value("n", "123456"), value("from", "y")});
        CHECK(too_long.sqlstate == "22001"); // not cut silently
        CHECK(run_batches(s, table, "\"or\"\"der\" in (1, 2)").tally.rows == 100);
    }

    TEST_CASE("an update that leaves rows matching is refused, and taken back")
    {
        test::database db;
        db.psql("CREATE TABLE t (id int, n int NOT NULL DEFAULT 0); INSERT INTO t SELECT i FROM "
                "generate_series(1, 1000) i; ANALYZE t");
        auto s = db.connect();
        auto const run = run_batches(s, "t", "id > 0", {expression("n", "n + 1")});
        CHECK(run.problem.find("still match") != std::string::npos);
        CHECK(run.problem.find("public.t") != std::string::npos);
        CHECK(run.hint.find("`set`") != std::string::npos);
        CHECK(run.tally.rows == 0);
        CHECK(number(db, "SELECT sum(n) FROM t") == 0);
        // Some rows are enough.
        auto const some =
            run_batches(s, "t", "n < 2", {expression("n", "CASE WHEN id = 7 THEN 1 ELSE 2 END")});
        CHECK(some.problem.find("still match") != std::string::npos);
        CHECK(number(db, "SELECT sum(n) FROM t") == 0);
    }

    TEST_CASE("max_rows: not one row more, and what is left is said, however the rows are found")
    {
        for (auto const *index :
             {"CREATE INDEX ON t (at)", "CREATE INDEX ON t USING hash (status)", ""}) {
            INFO(index);
            test::database db;
            db.psql(std::string{"CREATE TABLE t (id bigint, at timestamptz NOT NULL, status text);"
                                "INSERT INTO t SELECT i, '2026-01-01'::timestamptz + i / 100 * "
                                "interval '1 second', 'old' FROM generate_series(1, 30000) i;"
                                "ANALYZE t;"} +
                    index);
            auto s = db.connect();
            prefer_indexes(s);
            auto const run = run_batches(s, "t", "at < '2027-01-01' and status = 'old'", {},
                                         {.initial_rows = 300, .max_rows = 12345});
            CHECK(run.problem == "");
            CHECK(run.tally.rows == 12345);
            CHECK(number(db, "SELECT count(*) FROM t") == 30000 - 12345);
            CHECK(run.tally.left == 10000); // counted up to here
            CHECK(run.noted(
                "stopped at max_rows (12,345): at least 10,000 more rows match in public.t"));

            auto const rest = run_batches(s, "t", "at < '2027-01-01' and status = 'old'", {},
                                          {.max_rows = 30000 - 12345});
            CHECK(rest.tally.rows == 30000 - 12345);
            CHECK(rest.tally.left == 0);
            CHECK(rest.tally.notes.empty());
        }
    }

    TEST_CASE(
        "max_rows of a partitioned table: partitions that were not looked at are named by number")
    {
        test::database db;
        db.psql("CREATE TABLE t (id int) PARTITION BY LIST (id); CREATE TABLE t_1 PARTITION OF t "
                "FOR VALUES IN (1);"
                "CREATE TABLE t_2 PARTITION OF t FOR VALUES IN (2); CREATE TABLE t_3 PARTITION OF "
                "t FOR VALUES IN (3);"
                "INSERT INTO t SELECT 1 + i % 3 FROM generate_series(1, 300) i");
        auto s = db.connect();
        auto const run = run_batches(s, "t", "true", {}, {.max_rows = 150});
        CHECK(run.tally.rows == 150);
        CHECK(run.tally.left == 50);
        CHECK(run.noted("50 more rows match in public.t_2"));
        CHECK(run.noted("1 more partitions were not looked at"));
    }

    TEST_CASE("a condition that is wrong ends the task at once, whatever the number of partitions")
    {
        test::database db;
        db.psql("CREATE TABLE t (id int) PARTITION BY LIST (id); CREATE TABLE t_1 PARTITION OF t "
                "FOR VALUES IN (1);"
                "CREATE TABLE t_2 PARTITION OF t FOR VALUES IN (2); INSERT INTO t VALUES (1), (2)");
        auto s = db.connect();
        CHECK(run_batches(s, "t", "nothing = 1").sqlstate == "42703");
        CHECK(run_batches(s, "t", "id = 'x' || 1").log.size() == 2);
        CHECK(run_batches(s, "t", "id = 1", {value("nothing", "1")}).sqlstate == "42703");
        auto const moved = run_batches(s, "t", "id = 1", {value("id", "2")});
        CHECK(moved.sqlstate == "23514"); // the row would have to go to another partition
        CHECK(moved.problem.find("t_1") != std::string::npos);
        CHECK_THROWS_AS(test::plan_batches(s, "t", "id = 1) or (true"), error);
        CHECK_THROWS_AS(test::plan_batches(s, "t", "true; DROP TABLE t"), error);
        CHECK_THROWS_AS(test::plan_batches(s, "t", "id = $1"), error);
        CHECK_THROWS_AS(test::plan_batches(s, "t", "id = 1", {expression("id", "1), (2")}), error);
        CHECK(number(db, "SELECT count(*) FROM t") == 2);
    }

    TEST_CASE("what cannot be worked on: a step that fails and says why")
    {
        test::database db;
        db.psql("CREATE VIEW v AS SELECT 1 AS id; CREATE TABLE orders (id int)");
        auto s = db.connect();
        auto const missing = run_batches(s, "public.ordres", "true");
        CHECK(missing.problem.find("public.ordres does not exist") != std::string::npos);
        CHECK(missing.hint.find("public.orders") != std::string::npos);
        CHECK(run_batches(s, "v", "true").problem.find("is a view") != std::string::npos);
    }

    TEST_CASE("what a change of the leaves would go past: statement triggers above them, rules")
    {
        test::database db;
        db.psql(
            "CREATE TABLE t (id int, done bool) PARTITION BY LIST (id); CREATE TABLE t_1 PARTITION "
            "OF t FOR VALUES IN (1) PARTITION BY LIST (id); CREATE TABLE t_1_1 PARTITION OF t_1 "
            "FOR VALUES IN (1); CREATE TABLE t_2 PARTITION OF t FOR VALUES IN (2); INSERT INTO t "
            "VALUES (1), (2); CREATE TABLE u (id int, done bool); CREATE TABLE u_1 () INHERITS (u);"
            "CREATE TABLE plain (id int, done bool); INSERT INTO plain VALUES (1);"
            "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$");
        auto s = db.connect();
        auto const outcomes = [&](std::string const &table) {
            auto const deleted = run_batches(s, table, "id > 0 and done is null");
            auto const updated =
                run_batches(s, table, "id > 0 and done is null", {value("done", "true")});
            return std::pair{deleted, updated};
        };
        for (auto const &[table, holder] : {std::pair{"t", "t"}, {"t", "t_1"}, {"u", "u"}}) {
            INFO(holder);
            db.psql(std::string{"CREATE TRIGGER g AFTER DELETE ON "} + holder +
                    " REFERENCING OLD TABLE AS olds FOR EACH STATEMENT EXECUTE FUNCTION f()");
            auto const [deleted, updated] = outcomes(table);
            CHECK(deleted.problem.find(std::string{"public."} + holder + " has the trigger g") ==
                  0);
            CHECK(deleted.hint.find("FOR EACH ROW") != std::string::npos);
            CHECK(deleted.log.empty());
            CHECK(updated.problem == "");
            db.psql(std::string{"ALTER TABLE "} + holder + " DISABLE TRIGGER g");
            CHECK(outcomes(table).first.problem == "");
            db.psql(std::string{"DROP TRIGGER g ON "} + holder +
                    "; DELETE FROM t; INSERT INTO t VALUES "
                    "(1), (2)");
        }
        for (auto const &[table, holder] :
             {std::pair{"plain", "plain"}, {"t", "t"}, {"t", "t_2"}}) {
            INFO(holder);
            db.psql(std::string{"CREATE RULE r AS ON UPDATE TO "} + holder + " DO INSTEAD NOTHING");
            auto const [deleted, updated] = outcomes(table);
            CHECK(updated.problem.find(std::string{"public."} + holder +
                                       " has the rule r ON UPDATE") == 0);
            CHECK(updated.hint.find("trigger") != std::string::npos);
            CHECK(deleted.problem == "");
            db.psql(std::string{"DROP RULE r ON "} + holder);
        }
        db.psql(
            "INSERT INTO plain VALUES (1); CREATE RULE r AS ON DELETE TO plain DO ALSO SELECT 1");
        CHECK(outcomes("plain").first.sqlstate == "0A000");
        // Row triggers, and statement triggers of a table that holds the rows itself, fire.
        db.psql("DROP RULE r ON plain; INSERT INTO plain VALUES (1); CREATE TRIGGER g AFTER DELETE "
                "ON plain EXECUTE FUNCTION f()");
        CHECK(outcomes("plain").first.tally.rows == 1);
    }

    TEST_CASE("a trigger that keeps rows does not make the task go in circles")
    {
        test::database db;
        db.psql("CREATE TABLE t (id int PRIMARY KEY, status text); INSERT INTO t SELECT i, 'old' "
                "FROM generate_series(1, 1000) i;"
                "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.id % 2 "
                "= 0 THEN RETURN NULL; END IF; RETURN OLD; END $$;"
                "CREATE TRIGGER keep BEFORE DELETE ON t FOR EACH ROW EXECUTE FUNCTION keep(); "
                "CREATE INDEX ON t USING hash (status); ANALYZE t");
        auto s = db.connect();
        prefer_indexes(s);
        auto const run = run_batches(s, "t", "status = 'old'");
        CHECK(run.problem == "");
        CHECK(run.tally.rows == 500);
        CHECK(run.tally.left == 500);
        CHECK(run.noted("500 rows of public.t were held by other sessions, or kept by a trigger"));
    }

    TEST_CASE("what a dry run prints runs in psql, and changes nothing")
    {
        test::database db;
        db.psql(
            "CREATE TABLE t (id int, at timestamptz, s text); CREATE INDEX ON t (at); INSERT INTO "
            "t SELECT 1, now(), 'x';"
            "CREATE TABLE u (id int, s text); INSERT INTO u VALUES (1, 'x'); ANALYZE t; ANALYZE u");
        auto s = db.connect();
        for (auto const *table : {"public.t", "public.u"}) {
            for (auto const *where :
                 {"id = 1", "id = 1 and exists (select from t other where other.id = 1)"}) {
                for (bool const update : {false, true}) {
                    auto work = test::plan_batches(
                        s, table, where,
                        update ? std::vector{value("id", "2"), value("s", "it's")}
                               : std::vector<model::assignment>{});
                    CHECK(work.steps.at(0).lane == table);
                    auto const what = test::task_of(work).describe();
                    CHECK(what.expected_rows == 1);
                    CHECK(what.statements.size() >= 4);
                    s.begin();
                    for (auto const &each : what.statements) {
                        INFO(each.sql);
                        CHECK_NOTHROW(s.run(plan::inlined(each)));
                    }
                    s.rollback();
                }
            }
        }
    }
}
