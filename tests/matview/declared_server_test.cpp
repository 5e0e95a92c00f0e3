// SPDX-License-Identifier: Apache-2.0
// Declared views on a real server: what is created, what is compared, and with which rights.
#include <doctest/doctest.h>

#include "catalog/load.hpp"
#include "matview/declared.hpp"
#include "matview/difference.hpp"
#include "plan/refusal.hpp"
#include "support/apply.hpp"
#include "support/database.hpp"
#include "support/lists.hpp"

using namespace pgtend;
using namespace pgtend::test;

namespace {

model::matview_policy policy_querying(std::string const &query,
                                      std::string const &name = "public.v")
{
    model::matview_policy out;
    out.name = parse_qualified_name(name);
    out.query = query;
    return out;
}

catalog::declared_matview look(pg::session &s, model::matview_policy const &asked,
                               std::string const &role = "",
                               std::optional<std::string> const &path = {})
{
    return catalog::load_declared_matviews(s, matview::requests({asked}), role, path).views.at(0);
}

plan::plan plan_declaration(pg::session &s, model::matview_policy const &asked)
{
    return matview::plan_declared(
        {asked}, catalog::load_declared_matviews(s, matview::requests({asked}), "", {}));
}

list failures(std::vector<applied> const &all)
{
    list out;
    for (auto const &each : all) {
        if (!each.problem.empty()) {
            out.push_back(each.sqlstate + " " + each.title);
        }
    }
    return out;
}

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("created filled, indexed and refreshable beside readers; then as declared")
    {
        database const db;
        auto s = db.connect();
        s.run("CREATE TABLE t (day date, n int)");
        s.run("INSERT INTO t SELECT current_date - g, g FROM generate_series(1, 10) g");
        auto asked = policy_querying("SELECT day, sum(n) AS n FROM t GROUP BY day -- a day");
        asked.unique_index = {"day"};
        CHECK(failures(apply(plan_declaration(s, asked), s)) == list{});
        CHECK(s.run("SELECT count(*) FROM v").integer(0, std::size_t{0}) == 10);
        s.run("REFRESH MATERIALIZED VIEW CONCURRENTLY v");
        auto const again = plan_declaration(s, asked);
        CHECK(again.steps.empty());
        CHECK(again.notes == list{"public.v: as declared"});
        s.run("DROP INDEX v_key");
        CHECK(failures(apply(plan_declaration(s, asked), s)) == list{});
        CHECK(plan_declaration(s, asked).steps.empty());
    }

    TEST_CASE("a query that the server refuses is told before its view is created")
    {
        database const db;
        auto s = db.connect();
        s.run("CREATE TABLE t (a int)");
        auto const wrong = policy_querying("SELECT b FROM t");
        CHECK(failures(apply(plan_declaration(s, wrong), s)) ==
              list{"42703 create materialized view public.v"});
        auto const plan_of_wrong = plan_declaration(s, wrong);
        auto const *why = plan::refused(plan_of_wrong.steps.at(0));
        REQUIRE(why != nullptr);
        CHECK(why->message() ==
              "the query declared for public.v is refused: column \"b\" does not exist");
        auto const missing = policy_querying("SELECT * FROM u");
        CHECK(plan::refused(plan_declaration(s, missing).steps.at(0)) != nullptr);
        // Unless the view before it is what it names.
        auto const before = policy_querying("SELECT a FROM t", "public.u");
        std::vector const both{before, missing};
        auto const plan = matview::plan_declared(
            both, catalog::load_declared_matviews(s, matview::requests(both), "", {}));
        CHECK(failures(apply(plan, s)) == list{});
        CHECK(s.run("SELECT count(*) FROM pg_matviews").text(0, 0) == "2");
    }

    TEST_CASE("rows that the columns do not tell apart: nothing is created")
    {
        database const db;
        auto s = db.connect();
        auto asked = policy_querying("VALUES (1), (1)");
        asked.unique_index = {"column1"};
        CHECK(failures(apply(plan_declaration(s, asked), s)) ==
              list{"23505 create materialized view public.v"});
        CHECK(s.run("SELECT 1 FROM pg_class WHERE relname = 'v'").empty());
    }

    TEST_CASE("the same query is the same, however it is written, restored or looked up")
    {
        database const db;
        auto s = db.connect();
        s.run("CREATE SCHEMA app");
        s.run("CREATE TABLE app.t (a int, b varchar(9), c numeric(5, 2), at timestamptz)");
        list const queries{
            "SELECT * FROM app.t",
            "SELECT a, count(*) FILTER (WHERE b IN ('x', 'y')) AS n FROM app.t GROUP BY 1",
            "WITH x AS (SELECT a, c::text FROM app.t WHERE b LIKE 'a%') SELECT DISTINCT ON (a) * "
            "FROM x ORDER BY a, c",
            "SELECT date_trunc('hour', at, 'UTC') AS hour, 'é''\\' AS \"Q\"\"\" FROM app.t",
            "TABLE app.t",
            "VALUES (1, 'a'), (2, NULL)",
            "(SELECT a FROM app.t) UNION (SELECT 1)"};
        for (auto const &query : queries) {
            CAPTURE(query);
            s.run("CREATE MATERIALIZED VIEW v AS " + query);
            auto const seen = look(s, policy_querying(query));
            CHECK_FALSE(seen.not_compared.has_value());
            CHECK(seen.as_declared);
            // As pg_dump writes and a restore reads it.
            auto const text = s.run("SELECT pg_get_viewdef('v'::regclass)").text(0, std::size_t{0});
            s.run("DROP MATERIALIZED VIEW v");
            s.run("CREATE MATERIALIZED VIEW v AS " + text);
            CHECK(look(s, policy_querying(query)).as_declared);
            s.run("DROP MATERIALIZED VIEW v");
        }
        // The search_path decides what a bare name means.
        s.run("CREATE MATERIALIZED VIEW v AS SELECT a FROM app.t");
        CHECK(look(s, policy_querying("SELECT a FROM t"), "", "app").as_declared);
        CHECK(look(s, policy_querying("SELECT a FROM t")).query_fails);
        s.run("CREATE TABLE t (a int)");
        CHECK_FALSE(look(s, policy_querying("SELECT a FROM t")).as_declared);
    }

    TEST_CASE("what differs: a column, a type, a condition, a column added to the table since")
    {
        database const db;
        auto s = db.connect();
        s.run("CREATE TABLE t (a int, b text)");
        s.run("CREATE MATERIALIZED VIEW v AS SELECT * FROM t");
        auto const said = [&](std::string const &query) {
            auto const seen = look(s, policy_querying(query));
            CHECK_FALSE(seen.as_declared);
            return matview::differences(seen.existing.value(), seen.declared.value());
        };
        CHECK(said("SELECT a FROM t") == list{"column b (text) is not declared"});
        CHECK(said("SELECT a::bigint, b FROM t") == list{"column a is integer, declared bigint"});
        CHECK(said("SELECT a, b FROM t WHERE a > 0").front().find("a > 0)'") != std::string::npos);
        s.run("ALTER TABLE t ADD c int");
        CHECK(said("SELECT * FROM t") ==
              list{"column c (integer) is declared, and it has none of that name"});
        auto const made = plan_declaration(s, policy_querying("SELECT a FROM t"));
        REQUIRE(made.steps.size() == 1);
        CHECK(made.steps[0].body.index() == 2); // refused
        CHECK(s.run("SELECT count(*) FROM pg_attribute WHERE attrelid = 'v'::regclass AND attnum > "
                    "0")
                  .integer(0, std::size_t{0}) == 2);
    }

    TEST_CASE("the statements that a difference is told with replace the view")
    {
        database const db;
        auto s = db.connect();
        s.run("CREATE TABLE t (a int)");
        s.run("CREATE MATERIALIZED VIEW v AS SELECT a FROM t");
        auto asked = policy_querying("SELECT a + 1 AS a FROM t");
        asked.unique_index = {"a"};
        auto const made = plan_declaration(s, asked);
        auto const &task = *std::get<std::unique_ptr<plan::task>>(made.steps.at(0).body);
        auto const hint = plan::refused(task)->hint();
        auto const begin = hint.find('\n') + 1;
        s.batch(hint.substr(begin, hint.rfind('\n') - begin));
        CHECK(plan_declaration(s, asked).steps.empty());
    }

    TEST_CASE("comparing leaves nothing, waits for nobody, and no one has to wait for it")
    {
        database const db;
        auto s = db.connect();
        s.run("CREATE TABLE t (a int)");
        s.run("CREATE MATERIALIZED VIEW v AS SELECT a FROM t");
        auto other = db.connect();
        other.begin();
        other.run("LOCK TABLE t IN ACCESS EXCLUSIVE MODE");
        auto const began = std::chrono::steady_clock::now();
        auto const seen = look(s, policy_querying("SELECT a FROM t"));
        CHECK(std::chrono::steady_clock::now() - began < seconds{5});
        REQUIRE(seen.not_compared.has_value());
        CHECK(seen.not_compared->sqlstate == "55P03");
        CHECK_FALSE(seen.query_fails);
        other.rollback();
        // A refresh is under way: its size is not asked for, which would wait.
        other.begin();
        other.run("REFRESH MATERIALIZED VIEW v");
        CHECK_FALSE(look(s, policy_querying("")).bytes.has_value());
        other.rollback();
        CHECK(look(s, policy_querying("SELECT a FROM t")).as_declared);
        CHECK(look(s, policy_querying("")).bytes.has_value());
        CHECK_FALSE(s.in_transaction());
        CHECK(s.run("SELECT 1 FROM pg_class WHERE relname LIKE 'pgtend%'").empty());
        CHECK(s.run("SELECT 1 FROM pg_locks WHERE pid = pg_backend_pid() AND relation = "
                    "'t'::regclass")
                  .empty());
        // A session that may only read by default compares all the same.
        s.run("SET default_transaction_read_only = on");
        CHECK(look(s, policy_querying("SELECT a FROM t")).as_declared);
    }

    TEST_CASE("rights: no right on the tables is needed to compare; what is missing is named")
    {
        database const db;
        auto s = db.connect();
        auto const worker = "declared_" + std::to_string(s.backend_pid());
        s.run("CREATE TABLE t (a int)");
        s.run("CREATE MATERIALIZED VIEW v AS SELECT a FROM t");
        s.run("CREATE ROLE " + worker + " LOGIN");
        s.run("REVOKE CREATE ON SCHEMA public FROM PUBLIC");
        {
            auto w = open(db.dsn(worker));
            auto const hint_of = [](plan::plan const &made) {
                REQUIRE(made.steps.size() == 1);
                auto const &body = std::get<std::unique_ptr<plan::task>>(made.steps[0].body);
                return plan::refused(*body)->hint();
            };
            auto asked = policy_querying("SELECT a FROM t");
            CHECK(look(w, asked).as_declared);
            CHECK(look(s, asked, worker).as_declared);
            CHECK(plan_declaration(w, asked).steps.empty());
            asked.unique_index = {"a"};
            // Of a superuser nobody is told to become a member.
            CHECK(
                hint_of(plan_declaration(w, asked))
                    .starts_with("ALTER MATERIALIZED VIEW \"public\".\"v\" OWNER TO \"" + worker));
            auto elsewhere = policy_querying("SELECT 1 AS a", "public.w");
            auto const grant = "GRANT CREATE ON SCHEMA \"public\" TO \"" + worker + '"';
            CHECK(hint_of(plan_declaration(w, elsewhere)) == grant);
            s.run(grant);
            CHECK(failures(apply(plan_declaration(w, elsewhere), w)) == list{});
            // As somebody else: whoever may become that role creates it in its name.
            auto foreign = policy_querying("SELECT 1 AS a", "public.x");
            foreign.owner = "postgres";
            CHECK(hint_of(plan_declaration(w, foreign)).starts_with("GRANT \"postgres\" TO"));
            foreign.owner = worker;
            CHECK(failures(apply(plan_declaration(s, foreign), s)) == list{});
            CHECK(s.run("SELECT pg_get_userbyid(relowner) FROM pg_class WHERE relname = 'x'")
                      .text(0, std::size_t{0}) == worker);
            // "$user" in the search_path is who creates it, whoever compares.
            s.run("CREATE SCHEMA " + worker + " AUTHORIZATION " + worker +
                  " CREATE TABLE t (a int)");
            s.run("ALTER TABLE " + worker + ".t OWNER TO " + worker);
            auto own = policy_querying("SELECT a FROM t", "public.y");
            own.owner = worker;
            CHECK(failures(apply(plan_declaration(s, own), s)) == list{});
            CHECK(look(s, own).as_declared);
            CHECK(look(w, own).as_declared);
            CHECK(plan_declaration(s, own).steps.empty());
            foreign.owner = "nobody_" + worker;
            CHECK_FALSE(look(s, foreign).creator_exists);
            s.run("REVOKE TEMPORARY ON DATABASE " + db.name() + " FROM PUBLIC");
            auto const seen = look(w, policy_querying("SELECT a FROM t"));
            REQUIRE(seen.not_compared.has_value());
            CHECK(seen.not_compared->hint ==
                  "GRANT TEMPORARY ON DATABASE " + db.name() + " TO " + worker);
        }
        s.run("DROP OWNED BY " + worker);
        s.run("DROP ROLE " + worker);
    }

    TEST_CASE("who reads it, and through what; hostile names")
    {
        database const db;
        auto s = db.connect();
        s.run("CREATE SCHEMA \"s\"\"; --\"");
        auto asked = policy_querying("SELECT 1 AS \"a'; --\"", "\"s\"\"; --\".\"o'r $x$\ny\"");
        asked.unique_index = {"a'; --"};
        asked.unique_index_name = "k\"; drop";
        CHECK(failures(apply(plan_declaration(s, asked), s)) == list{});
        CHECK(plan_declaration(s, asked).steps.empty());
        s.run("CREATE VIEW \"B\" AS SELECT * FROM \"s\"\"; --\".\"o'r $x$\ny\"");
        s.run("CREATE MATERIALIZED VIEW a AS SELECT count(*) AS n FROM \"s\"\"; --\".\"o'r "
              "$x$\ny\" x, \"B\"");
        auto const seen = look(s, asked);
        CHECK(seen.dependents == std::vector<qualified_name>{{"public", "B"}, {"public", "a"}});
    }
}
