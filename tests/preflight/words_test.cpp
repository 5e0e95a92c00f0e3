// SPDX-License-Identifier: Apache-2.0
// What is read off texts.
#include <doctest/doctest.h>

#include "preflight/words.hpp"

using namespace pgtend;
using namespace pgtend::preflight;

namespace {

std::string body(std::string const &statements)
{
    return "declare n int; begin " + statements + " return new; end";
}

std::string written(std::string const &text)
{
    std::string out;
    for (auto const &each : written_by(text)) {
        out += (out.empty() ? "" : " ") + display(each);
    }
    return out;
}

bool same(model::action what, std::string const &command)
{
    model::job job;
    job.action = std::move(what);
    return same_work(job, command);
}

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("a trigger's body assigns a column, or only looks at it")
    {
        for (auto const *statement :
             {"new.status := 'x';", "NEW.status = 'x';", "if a then new.status = 'x'; end if;",
              "new.\"status\" := 'x';", "select z.a into new.status from z;",
              "select a, b into n, new.status from z;", "new := null;", "new = old;",
              "select * into new from z;", "new := jsonb_populate_record(new, '{}');"}) {
            CAPTURE(statement);
            CHECK(may_assign(body(statement), "status"));
        }
        for (auto const *statement :
             {"if new.status = 'x' then n := 1; end if;", "new.other := new.status;",
              "insert into log values (new.status);", "-- new.status := 1\n",
              "raise exception '%', new.status;", "update t set a = 1 where new.status = 'x';"}) {
            CAPTURE(statement);
            CHECK_FALSE(may_assign(body(statement), "status"));
        }
        CHECK(may_assign("new.status := 'not closed", "status")); // cannot be read
    }

    TEST_CASE("the tables that a body writes, once each")
    {
        CHECK(written("insert into log values (1); insert into app.log select 1") == "log app.log");
        CHECK(written("update only drivers d set a = 1; delete from \"Old\"") == "drivers \"Old\"");
        CHECK(written("update drivers as d set a = 1; insert into log default values") ==
              "drivers log");
        CHECK(written("select 1 from t for update; insert into x values (1) on conflict (id) do "
                      "update set a = 1") == "x");
        CHECK(written("'insert into y'; -- delete from z\n").empty());
        CHECK(written("create temp table s (a int); insert into s values (1)").empty());
        CHECK(written("refresh materialized view concurrently a.b; truncate table only c") ==
              "a.b c");
    }

    TEST_CASE("columns that are compared with a literal")
    {
        using all = std::vector<comparison>;
        CHECK(literals_in("e.kind = 'x' and (state='it''s')") ==
              all{{"kind", "x"}, {"state", "it's"}});
        CHECK(
            literals_in("kind <> 'x' and kind >= 'y' and a || b = 'z' and lower(c) = 'd'").empty());
    }

    TEST_CASE("an expression of the server's functions and literals alone")
    {
        CHECK(is_plain_expression("now() - interval '1 hour'"));
        CHECK(is_plain_expression("current_date"));
        CHECK(is_plain_expression("null"));
        CHECK(is_plain_expression("cards - 1")); // the server knows that it is a column
        CHECK_FALSE(is_plain_expression("app.f(1)"));
        CHECK_FALSE(is_plain_expression("my_function(1)"));
        CHECK_FALSE(is_plain_expression("(select 1)"));
        CHECK_FALSE(is_plain_expression("t.a"));
        CHECK_FALSE(is_plain_expression("'open"));
    }

    TEST_CASE("a command of another scheduler that does a job's work")
    {
        model::cleanup_action const cleanup{.from = {{{"public", "sessions"}, "true", {}}},
                                            .batches = {}};
        CHECK(same(cleanup, "DELETE FROM public.sessions WHERE seen < now()"));
        CHECK(same(cleanup, "begin; delete from only sessions; commit"));
        CHECK(same(cleanup, "truncate table sessions"));
        CHECK_FALSE(same(cleanup, "delete from other.sessions"));
        CHECK_FALSE(same(cleanup, "delete from sessions_old"));
        CHECK_FALSE(same(cleanup, "update sessions set a = 1"));
        CHECK_FALSE(same(cleanup, "select 'delete from sessions'"));
        model::expire_action const expire{
            .in = {{{"public", "codes"}, "true", {}}}, .set = {}, .batches = {}};
        CHECK(same(expire, "UPDATE codes SET active = false"));
        CHECK_FALSE(same(expire, "delete from codes"));
        model::refresh_action const refresh{.matviews = {{"public", "stats"}}};
        CHECK(same(refresh, "refresh materialized view concurrently public.stats"));
        CHECK_FALSE(same(refresh, "refresh materialized view public.other"));
        model::vacuum_action const vacuum{.tables = {{"public", "b"}}};
        CHECK(same(vacuum, "VACUUM (ANALYZE) a, public.b"));
        CHECK_FALSE(same(vacuum, "VACUUM a"));
        model::partition_action const partition{.tables = {{"public", "orders"}}};
        CHECK(same(partition, "create table o_2026 partition of orders for values in (1)"));
        CHECK(same(model::sql_action{.text = "select  1;"}, "SELECT 1"));
        CHECK_FALSE(same(model::sql_action{.text = "select 1"}, "select 2"));
    }
}
