// SPDX-License-Identifier: Apache-2.0
#include "model/sql_scan.hpp"
#include "model/sql_text.hpp"

#include <doctest/doctest.h>
#include <random>

#include "base/error.hpp"
#include "model/sql_lexer.hpp"

using namespace pgtend;
using namespace pgtend::model;
using texts = std::vector<std::string>;

namespace {

// The message of the error, empty when there is none; each error has a hint.
template <class Check> std::string refusal(Check check)
{
    try {
        check();
    } catch (error const &e) {
        CHECK_FALSE(e.hint().empty());
        return e.message();
    }
    return {};
}

std::string sql(std::string_view text, bool one_transaction = true)
{
    return refusal([&] { check_sql(text, one_transaction); });
}

std::string condition(std::string_view text)
{
    return refusal([&] { check_condition(text); });
}

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("the names in a statement that relations could have")
    {
        auto const names = [](std::string_view sql) {
            std::vector<std::string> out;
            for (auto const &each : model::possible_relations(sql)) {
                out.push_back(display(each));
            }
            return out;
        };
        CHECK(names("UPDATE Public.\"the \"\"Orders\" -- other.x\n o SET a = 'no.thing'") ==
              std::vector<std::string>{"update", "public.\"the \"\"Orders\"", "o", "set", "a"});
        CHECK(names("a . b.c; a.b") == std::vector<std::string>{"a.b", "c"});
        CHECK(names("1 + (2)").empty());
        CHECK(names("select \"order\" from T order by \"user\", user") ==
              std::vector<std::string>{"order", "t", "by", "user"});
        std::string many;
        for (int i = 0; i < 300; ++i) {
            many += "t" + std::to_string(i) + ", ";
        }
        CHECK(names(many).size() == 100);
    }

    TEST_CASE("a semicolon splits, unless it is quoted, commented or inside parentheses")
    {
        CHECK(split_statements("select 1; select 2") == texts{"select 1", "select 2"});
        CHECK(split_statements(" select 1 ;; ; select 2 ; ") == texts{"select 1", "select 2"});
        CHECK(split_statements("").empty());
        CHECK(split_statements("-- only; comments\n/* ; */ ;").empty());
        CHECK(split_statements("select ';', \";\", 1 /* ; /* ; */ ; */ -- ;\n; select 2").size() ==
              2);
        CHECK(split_statements("select $$a;b$$, $x$ $$;$y$ $x$; select 2") ==
              texts{"select $$a;b$$, $x$ $$;$y$ $x$", "select 2"});
        CHECK(split_statements("select a$1$b; select c$1$d").size() ==
              2); // dollars inside identifiers quote nothing
        CHECK(split_statements("create rule r as on insert to t do also (insert into a values (1); "
                               "insert into b values (2)); select 1")
                  .size() == 2);
        CHECK(split_statements("/*+ a planner's hint */ select 1; -- the end") ==
              texts{"/*+ a planner's hint */ select 1"});
    }

    TEST_CASE("backslashes are escapes in E'' and in what continues it, and nowhere else")
    {
        CHECK(split_statements("select '\\'; select 2").size() == 2);
        CHECK(split_statements("select E'\\';'; select 2").size() == 2);
        CHECK(split_statements("select e'a'\n'\\';'; select 2").size() == 2); // the same string
        CHECK(split_statements("select e'a' -- x\n  '\\';'; select 2").size() == 2);
        CHECK(split_statements("select e'a' as b, '\\'; select 2").size() == 2); // another string
        CHECK(split_statements("select 'it''s;', E'it''s\\\\'; select 2").size() == 2);
        CHECK(split_statements("select U&'\\0041;', u&\"x;\", b'01;', x'1f;', n'a;'; select 2")
                  .size() == 2);
    }

    TEST_CASE("the body of a function of standard SQL is one statement")
    {
        CHECK(split_statements("create function f() returns int begin atomic select 1; select case "
                               "when true then 2 end; end; select 3")
                  .size() == 2);
        CHECK(split_statements(
                  "CREATE OR REPLACE PROCEDURE p() BEGIN ATOMIC delete from t; END; select 3")
                  .size() == 2);
        CHECK(split_statements(
                  "create function f() returns int language sql as 'select 1; select 2'; select 3")
                  .size() == 2);
        CHECK(split_statements("begin; select 1; end;").size() == 3);
    }

    TEST_CASE("a function named like the beginning of a body hides nothing")
    {
        auto const *text = "create or replace function public.begin() returns int language sql as "
                           "'select 1'; commit; select 2";
        CHECK(split_statements(text).size() == 3);
        CHECK(sql(text) == "statement 2 is transaction control (COMMIT)");
    }

    TEST_CASE("what is not closed")
    {
        for (auto const *text : {"select 'a", "select \"a", "select $$a", "select $x$a$$",
                                 "select /* a", "select /* /* */", "select (1", "select a[1",
                                 "select 1)", "select (1]", "select E'a\\'"}) {
            CAPTURE(text);
            CHECK_FALSE(refusal([&] { split_statements(text); }).empty());
        }
        CHECK(refusal([] { split_statements("select 1;\nselect 2;\nselect 'x"); }) ==
              "a quoted string is not closed in line 3 of the text");
    }

    TEST_CASE("what is not SQL")
    {
        CHECK(sql("\\copy t to 'x'") == "it has a backslash");
        CHECK(sql("select ${VARIABLE}") == "it has a ${...}");
        CHECK(sql(std::string_view{"select 1\0", 9}) == "it has a NUL byte");
        CHECK(sql(std::string_view{"select 'a\0'", 11}) == "a quoted text holds a NUL byte");
        CHECK(sql("select 1and 2") == "a number runs into letters");
        CHECK(sql("select 1e5, 1.5e-3, .5, 1., 0x1F, 1_000, 1..2") == "");
        CHECK(sql("select $1") == "it has a parameter such as $1");
        CHECK(sql("prepare p as select $1") == "");
        CHECK(sql("") == "it has no statement");
        CHECK(sql("; -- x\n;") == "it has no statement");
    }

    TEST_CASE("transaction control")
    {
        for (auto const *text :
             {"begin", "BEGIN isolation level serializable", "start transaction", "commit",
              "Commit and chain", "end", "rollback", "rollback to a", "abort", "savepoint a",
              "release savepoint a", "prepare transaction 'a'", "commit prepared 'a'",
              "/* x */ -- y\n commit"}) {
            CAPTURE(text);
            CHECK(
                sql(std::string{"select 1; "} + text).find("statement 2 is transaction control") ==
                0);
            CHECK(sql(std::string{"select 1; "} + text, false)
                      .find("statement 2 is transaction control") == 0);
        }
        for (auto const *text :
             {"select 'commit'", "comment on table a is 'x'", "do $$ begin commit; end $$",
              "select \"commit\"", "update t set rollback = 1", "prepare a as select 1",
              "-- commit\nselect 1",
              "create function f() returns int begin atomic select 1; end"}) {
            CAPTURE(text);
            CHECK(sql(text) == "");
        }
        CHECK(sql("select 1; COMMIT; delete from t") ==
              "statement 2 is transaction control (COMMIT)");
        CHECK(sql("select e'\\'; commit; select '") == ""); // it is a string
        CHECK(sql("select '\\'; commit; select ''") ==
              "statement 2 is transaction control (COMMIT)");
    }

    TEST_CASE("settings that outlive the transaction, and copying to nobody")
    {
        CHECK(sql("select 1; select set_config('search_path', 'a, b', false)") ==
              "statement 2 calls set_config for the session, which outlives the transaction");
        CHECK(sql("select pg_catalog.set_config('search_path', 'a', true), false") == "");
        CHECK(sql("select set_config from t where x = 1") == "");
        for (std::string const for_session :
             {"select set_config('a.b', '1', true), set_config('work_mem', '7MB', FALSE)",
              "select set_config('a.b', f(1, true), false)",
              "select set_config('a.b', set_config('a.c', '1', false), true)",
              "select set_config(setting_name => 'a.b', is_local => false, new_value => '1')",
              "select set_config('a.b', '1', 'off')",
              "select set_config('a.b', '1', false::boolean), true",
              "select set_config('a.b', '1', (false))",
              "select pg_catalog.set_config('a.b', '1', cast('false' as pg_catalog.bool))",
              "select set_config('a.b', '1', not true)",
              "select \"pg_catalog\".\"set_config\"('a.b', '1', false)",
              "select set_config('a.b', '1', \"is_local\" := false)",
              "create table a as select set_config('a.b', '1', false) from function",
              "select \"set_config\"('a.b', (array['x', 'y'])[1], /* session */ false)"}) {
            CAPTURE(for_session);
            CHECK(sql(for_session) ==
                  "statement 1 calls set_config for the session, which outlives the transaction");
        }
        for (std::string const local :
             {"select set_config('a.b', (select s from t where false), true)",
              "select set_config('a.b', s, b > 0) from t where (a = 2) = false",
              "insert into log (set_config, ok) values (1, false)",
              "select app.set_config('x', 'y', false)",
              "select set_config('a.b', v, f) from (values ('a', true)) as t (v, f)",
              "create or replace temp view v as select set_config('a.b', 'c', false)",
              "create rule r as on insert to t do also select set_config('a.b', 'c', false)",
              "create or replace view v as select set_config('a.b', 'c', false)",
              "create function f() returns text begin atomic select set_config('a.b', '', false); "
              "end",
              "select set_config('a.b', s, true) is null or false"}) {
            CAPTURE(local);
            CHECK(sql(local) == "");
        }
        CHECK(sql("set work_mem = '1GB'") == "statement 1 is SET, which outlives the transaction");
        CHECK(sql("set session work_mem = '1GB'") != "");
        CHECK(sql("reset all", false) != "");
        CHECK(sql("set local work_mem = '1GB'; set constraints all deferred; set transaction read "
                  "only") == "");
        CHECK(sql("copy t from stdin") == "statement 1 copies from or to the client");
        CHECK(sql("copy t to stdout") != "");
        CHECK(sql("copy t from '/x'") == "");
    }

    TEST_CASE("what cannot run inside a transaction")
    {
        for (auto const *text :
             {"vacuum", "VACUUM (analyze) t", "create index concurrently i on t (a)",
              "create unique index concurrently on t (a)", "drop index concurrently i",
              "reindex index concurrently i", "reindex (concurrently) table t",
              "reindex database d", "reindex schema s", "create database d", "drop database d",
              "create tablespace t location '/x'", "alter system set work_mem = 1", "cluster",
              "discard all", "create subscription s connection '' publication p",
              "alter table t detach partition p concurrently"}) {
            CAPTURE(text);
            CHECK(forbids_transaction(text));
            CHECK(sql(text) != "");
            CHECK(sql(text, false) == "");
        }
        for (auto const *text :
             {"create index i on t (a)", "drop index i", "reindex table t", "cluster t", "analyze",
              "refresh materialized view concurrently m", "alter table t detach partition p",
              "select 'vacuum'", "create table database (a int)"}) {
            CAPTURE(text);
            CHECK_FALSE(forbids_transaction(text));
        }
        CHECK(sql("vacuum a; vacuum b") ==
              "statement 1 (VACUUM ...) cannot run inside a transaction");
    }

    TEST_CASE("what waits for old transactions, and what may lock tables")
    {
        for (auto const *text :
             {"create index concurrently i on t (a)", "drop index concurrently i",
              "reindex (concurrently) table t", "alter table t detach partition p concurrently"}) {
            CAPTURE(text);
            CHECK(waits_for_transactions(text));
        }
        for (auto const *text : {"vacuum t", "refresh materialized view concurrently m",
                                 "create index i on t (a)", "select 'concurrently'"}) {
            CAPTURE(text);
            CHECK_FALSE(waits_for_transactions(text));
        }
        for (auto const *text : {"alter table t add c int", "truncate t", "LOCK t", "drop view v",
                                 "refresh materialized view m", "/* c */ create index on t (a)"}) {
            CAPTURE(text);
            CHECK(may_lock_tables(text));
        }
        for (auto const *text : {"select 1", "with a as (select 1) delete from t", "(select 1)",
                                 "Insert into t select 'alter table'", "set local work_mem = 1",
                                 "call p()", "update t set a = 1"}) {
            CAPTURE(text);
            CHECK_FALSE(may_lock_tables(text));
        }
    }

    TEST_CASE("conditions stay inside their parentheses")
    {
        for (auto const *text : {"a = 1", "a = ';'", "a in (select b from c) -- why\n", "a[1] = 2",
                                 "status = 'it''s' and \"Col\" > $$x$$", "true", "(a or b) and (c)",
                                 "wherever = 1", "a /* ) */"}) {
            CAPTURE(text);
            CHECK(condition(text) == "");
        }
        CHECK(condition("a) or (b") == "a ')' closes nothing");
        CHECK(condition("(a") == "a '(' is not closed");
        CHECK(condition("(a]") == "a ']' closes nothing");
        CHECK(condition("a; drop table b") == "it has a semicolon");
        CHECK(condition("a = 'x") == "a quoted string is not closed");
        CHECK(condition("a = \"x") == "a quoted identifier is not closed");
        CHECK(condition("a /*") == "a comment is not closed");
        CHECK(condition("a = $1") == "it has a parameter such as $1");
        CHECK(condition("Where a") == "it begins with the word WHERE");
        CHECK(condition("") == "it is empty");
        CHECK(condition("-- all of them") == "it is empty");
        CHECK(condition(" /* x */ ") == "it is empty");
    }

    TEST_CASE("a query is one statement that reads")
    {
        CHECK(single_query(" select 1 ; ") == "select 1");
        CHECK(single_query("with a as (select 1) table a") == "with a as (select 1) table a");
        CHECK(single_query("(select 1) union (select 2)") == "(select 1) union (select 2)");
        CHECK(single_query("values (1)") == "values (1)");
        CHECK_THROWS_WITH(single_query("select set_config('a.b', 'c', false) as k"),
                          "it calls set_config for the session, which outlives the transaction");
        for (auto const *text : {"delete from t", "select 1; select 2", "", ";", "explain select 1",
                                 "select $1", "select (1"}) {
            CAPTURE(text);
            CHECK_FALSE(refusal([&] { single_query(text); }).empty());
        }
    }

    TEST_CASE("any bytes are answered, and what is put together again splits the same")
    {
        std::mt19937 random{7};
        std::string const pool = "abE;'\"$()[]-/*\n\\1. \xC3";
        for (int i = 0; i < 20000; ++i) {
            std::string text;
            for (unsigned n = random() % 25; n > 0; --n) {
                text += pool[random() % pool.size()];
            }
            CAPTURE(text);
            try {
                auto const parts = split_statements(text);
                std::string again;
                for (auto const &part : parts) {
                    again += part + "\n;";
                }
                REQUIRE(split_statements(again) == parts);
            } catch (error const &e) {
                REQUIRE_FALSE(e.message().empty());
            }
        }
    }
}
