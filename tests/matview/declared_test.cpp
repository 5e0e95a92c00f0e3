// SPDX-License-Identifier: Apache-2.0
// What creates and indexes declared views, as data.
#include "matview/declared.hpp"

#include <doctest/doctest.h>

#include "matview/difference.hpp"
#include "matview/support.hpp"
#include "plan/refusal.hpp"
#include "support/lists.hpp"

using namespace pgtend;
using namespace pgtend::matview;
using test::declared_stats;
using test::list;

namespace {

model::matview_policy stats_policy()
{
    model::matview_policy out;
    out.name = {"public", "stats"};
    out.query = "select day, count(*) as n from public.t group by day";
    out.unique_index = {"day"};
    return out;
}

catalog::declared_matview missing()
{
    catalog::declared_matview out;
    out.view.found = {
        {"public", "stats"}, {}, {}, "materialized view public.stats does not exist", {}};
    out.creator = "tend";
    return out;
}

plan::plan plan_stats(model::matview_policy const &asked, catalog::declared_matview state,
                      bool certain = false)
{
    catalog::declared_matviews all;
    all.role = "tend";
    all.login = "login";
    all.server_version = 150000;
    all.views.push_back(std::move(state));
    return plan_declared({asked}, all, certain);
}

list statements(plan::plan const &of)
{
    list out;
    for (auto const &step : of.steps) {
        for (auto const &each : std::get<plan::transaction>(step.body).statements) {
            out.push_back(each.sql);
        }
    }
    return out;
}

error only_refusal(plan::plan const &of)
{
    REQUIRE(of.steps.size() == 1);
    return test::refusal(of.steps.front());
}

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("a missing view is created, filled and indexed in one transaction, as its owner")
    {
        auto asked = stats_policy();
        asked.owner = "Keeper";
        asked.tablespace = "fast";
        auto const made = plan_stats(asked, missing());
        REQUIRE(made.steps.size() == 1);
        auto const all = statements(made);
        REQUIRE(all.size() == 4);
        CHECK(all[0].find("pg_advisory_xact_lock") != std::string::npos);
        CHECK(all[1] == "SET LOCAL ROLE \"Keeper\"");
        CHECK(all[2] == "CREATE MATERIALIZED VIEW \"public\".\"stats\" TABLESPACE \"fast\" AS (\n" +
                            asked.query + "\n) WITH DATA");
        CHECK(all[3] == "CREATE UNIQUE INDEX \"stats_key\" ON \"public\".\"stats\" (\"day\")");
        CHECK(made.steps[0].counts == 2);
        CHECK(made.steps[0].title == "create materialized view public.stats");

        auto empty = stats_policy();
        empty.with_data = false;
        empty.owner = "tend"; // the one who works needs no SET ROLE
        auto const without = statements(plan_stats(empty, missing()));
        REQUIRE(without.size() == 3);
        CHECK(without[1].ends_with("\n) WITH NO DATA"));
    }

    TEST_CASE("a query that ends with a comment does not swallow what follows")
    {
        auto asked = stats_policy();
        asked.query += " -- by day";
        CHECK(create_text(asked).ends_with("by day\n) WITH DATA"));
    }

    TEST_CASE("what is as declared is a note, and no step")
    {
        auto const made = plan_stats(stats_policy(), declared_stats());
        CHECK(made.steps.empty());
        CHECK(made.notes == list{"public.stats: as declared"});
        auto several = stats_policy();
        several.unique_index = {"city", "day"};
        auto state = declared_stats();
        state.view.unique_indexes = {{"other", "has a WHERE", {"city", "day"}},
                                     {"any_name", "", {"day", "city"}}};
        CHECK(plan_stats(several, state).steps.empty());
    }

    TEST_CASE("a missing unique index is made with a lock that readers do not notice")
    {
        auto state = declared_stats();
        state.view.unique_indexes = {{"old", "has a WHERE", {"day"}}};
        auto const made = plan_stats(stats_policy(), state);
        CHECK(statements(made) ==
              list{"CREATE UNIQUE INDEX \"stats_key\" ON \"public\".\"stats\" (\"day\")"});
        auto const &body = std::get<plan::transaction>(made.steps[0].body).statements[0];
        CHECK(body.locks.at(0).mode == plan::lock_mode::share);
        CHECK_FALSE(plan::conflict(body.locks.at(0).mode, plan::lock_mode::access_share));

        state.owns = false;
        CHECK(only_refusal(plan_stats(stats_policy(), state)).hint() ==
              "GRANT \"app\" TO \"tend\", or run as app (MAINTAIN is not enough)");
        state.owns = true;
        state.view.unique_indexes = {{"stats_key", "is invalid", {"day"}}};
        auto const why = only_refusal(plan_stats(stats_policy(), state));
        CHECK(why.message() == "index public.stats_key of public.stats is invalid");
        CHECK(why.hint().starts_with("DROP INDEX CONCURRENTLY \"public\".\"stats_key\""));
        state.view.unique_indexes = {{"stats_key", "", {"city"}}};
        CHECK(only_refusal(plan_stats(stats_policy(), state)).message() ==
              "index public.stats_key of public.stats is on other columns than declared");
    }

    TEST_CASE("one that is not populated is filled after its index, unless it shall be empty")
    {
        auto state = declared_stats();
        state.view.populated = false;
        state.view.unique_indexes.clear();
        auto const made = plan_stats(stats_policy(), state);
        REQUIRE(made.steps.size() == 2);
        CHECK(statements(made).back() == "REFRESH MATERIALIZED VIEW \"public\".\"stats\"");
        auto empty = stats_policy();
        empty.with_data = false;
        CHECK(plan_stats(empty, state).steps.size() == 1);
        state.view.unique_indexes = declared_stats().view.unique_indexes;
        state.view.may_refresh = false;
        CHECK(only_refusal(plan_stats(stats_policy(), state)).sqlstate() == "42501");
    }

    TEST_CASE("a view whose query differs is told and never touched, whatever else it lacks")
    {
        auto state = declared_stats();
        state.as_declared = false;
        state.view.unique_indexes.clear();
        state.existing = {{{"day", "date"}, {"n", "bigint"}}, "a"};
        state.declared = {{{"day", "date"}, {"n", "bigint"}}, "b"};
        state.dependents = {{"public", "board"}};
        auto const why = only_refusal(plan_stats(stats_policy(), state));
        CHECK(why.message() == "public.stats is not as declared: line 1 of its query, as the "
                               "server prints it, is 'a', declared 'b'");
        CHECK(why.hint().find("DROP MATERIALIZED VIEW \"public\".\"stats\";\nCREATE MATERIALIZED "
                              "VIEW \"public\".\"stats\"") != std::string::npos);
        CHECK(why.hint().find("with what reads it: public.board") != std::string::npos);
    }

    TEST_CASE("a declared query that the server refuses fails; one that could not be compared is a "
              "note, and the index is made all the same")
    {
        auto state = declared_stats();
        state.as_declared = false;
        state.not_compared = {"column \"x\" does not exist", "", "42703"};
        state.query_fails = true;
        auto const why = only_refusal(plan_stats(stats_policy(), state));
        CHECK(why.message() ==
              "the query declared for public.stats is refused: column \"x\" does not exist");
        CHECK(why.sqlstate() == "42703");
        state.query_fails = false;
        state.not_compared = {"may not", "GRANT TEMPORARY ON DATABASE d TO tend", "42501"};
        state.view.unique_indexes.clear();
        auto const made = plan_stats(stats_policy(), state);
        CHECK(made.steps.size() == 1);
        CHECK(made.notes == list{"public.stats: its query could not be compared with the declared "
                                 "one: may not; GRANT TEMPORARY ON DATABASE d TO tend"});
        // For plan and apply, which say whether all is as declared, it is no note.
        state.view.unique_indexes = declared_stats().view.unique_indexes;
        CHECK(only_refusal(plan_stats(stats_policy(), state, true)).hint() ==
              "GRANT TEMPORARY ON DATABASE d TO tend");
    }

    TEST_CASE("what stands in the way of creating it is told with what would change it")
    {
        auto state = missing();
        state.kind = 'r';
        CHECK(only_refusal(plan_stats(stats_policy(), state)).message() ==
              "public.stats is a table, not a materialized view");
        state = missing();
        state.schema_exists = false;
        CHECK(only_refusal(plan_stats(stats_policy(), state)).hint() == "CREATE SCHEMA \"public\"");
        state = missing();
        state.may_create = false;
        CHECK(only_refusal(plan_stats(stats_policy(), state)).hint() ==
              "GRANT CREATE ON SCHEMA \"public\" TO \"tend\"");
        state.creator_exists = false;
        CHECK(only_refusal(plan_stats(stats_policy(), state)).sqlstate() == "42704");
        state.creator_exists = true;
        state.may_be_creator = false;
        auto const stranger = only_refusal(plan_stats(stats_policy(), state));
        CHECK(stranger.message() == "role login may not become tend, which is to own public.stats");
        CHECK(stranger.hint() == "GRANT \"tend\" TO \"login\"");
        auto bare = stats_policy();
        bare.query.clear();
        CHECK(only_refusal(plan_stats(bare, missing())).message() ==
              "public.stats does not exist, and no query is declared for it");
    }

    TEST_CASE("another owner or tablespace is a note with the statement that changes it")
    {
        auto asked = stats_policy();
        asked.owner = "keeper";
        asked.tablespace = "fast";
        auto const made = plan_stats(asked, declared_stats());
        CHECK(made.steps.empty());
        REQUIRE(made.notes.size() == 2);
        CHECK(made.notes[0] == "public.stats: belongs to app, declared keeper; ALTER MATERIALIZED "
                               "VIEW \"public\".\"stats\" OWNER TO \"keeper\"");
        CHECK(made.notes[1].find("SET TABLESPACE \"fast\"") != std::string::npos);
    }

    TEST_CASE("in what two definitions differ")
    {
        catalog::view_definition const one{{{"day", "date"}, {"n", "bigint"}},
                                           " SELECT t.day,\n    count(*) AS n\n   FROM t;"};
        CHECK(differences(one, one) == list{});
        auto other = one;
        other.columns = {{"day", "timestamp with time zone"}, {"City", "text"}};
        CHECK(differences(one, other) ==
              list{"column day is date, declared timestamp with time zone",
                   "column \"City\" (text) is declared, and it has none of that name",
                   "column n (bigint) is not declared"});
        other.columns = {one.columns[1], one.columns[0]};
        CHECK(differences(one, other) == list{"its columns are in another order"});
        other = one;
        other.text = " SELECT t.day,\n    count(*) AS n\n   FROM t\n  WHERE true;";
        CHECK(differences(one, other) == list{"line 4 of its query, as the server prints it, is "
                                              "nothing more, declared 'WHERE true'"});
    }
}
