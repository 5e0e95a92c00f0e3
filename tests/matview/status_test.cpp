// SPDX-License-Identifier: Apache-2.0
#include "matview/status.hpp"

#include <doctest/doctest.h>

#include "matview/support.hpp"
#include "support/lists.hpp"

using namespace pgtend;
using namespace pgtend::matview;
using std::chrono::minutes;
using test::list;

namespace {

constexpr instant now{seconds{1'767'229'200}};

status_request declared()
{
    model::matview_policy policy;
    policy.name = {"public", "stats"};
    policy.query = "select 1 as day";
    policy.unique_index = {"day"};
    policy.max_staleness = minutes{10};
    status_request out;
    out.asked = {policy.name, policy.query, {}};
    out.policy = policy;
    out.refreshed = {"refresh", now - minutes{5}};
    return out;
}

catalog::declared_matview there()
{
    auto out = test::declared_stats();
    out.rows = 7;
    out.dependents = {{"public", "board"}};
    return out;
}

view_status judged(status_request const &asked, catalog::declared_matview state,
                   int version = 150000)
{
    catalog::declared_matviews all;
    all.role = "tend";
    all.server_version = version;
    all.views.push_back(std::move(state));
    return judge({asked}, all, now).front();
}

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("a view that is fresh and as declared has no finding")
    {
        auto const seen = judged(declared(), there());
        CHECK(seen.findings == list{});
        CHECK(seen.notes == list{});
        CHECK(seen.age == minutes{5});
        CHECK_FALSE(seen.stale);
        CHECK(seen.concurrently);
        CHECK(seen.definition == definition::as_declared);
        CHECK(seen.rows == 7);
        CHECK(seen.dependents.size() == 1);
    }

    TEST_CASE("data are too old after max_staleness, not at it")
    {
        auto asked = declared();
        asked.refreshed->started = now - minutes{10};
        CHECK(judged(asked, there()).findings == list{});
        asked.refreshed->started -= microseconds{1};
        auto const seen = judged(asked, there());
        CHECK(seen.stale);
        CHECK(seen.findings == list{"its data are 10 min old, max_staleness is 10m"});
        asked.policy->max_staleness.reset();
        CHECK(judged(asked, there()).findings == list{});
        // A clock that was set back makes no negative age.
        asked.refreshed->started = now + minutes{1};
        CHECK(judged(asked, there()).age == minutes{0});
    }

    TEST_CASE("an age that nobody knows is said with the reason, and is no finding")
    {
        auto asked = declared();
        asked.refreshed.reset();
        asked.unknown = "no job of the file refreshes it";
        auto const seen = judged(asked, there());
        CHECK_FALSE(seen.age.has_value());
        CHECK(seen.age_unknown == "no job of the file refreshes it");
        CHECK(seen.findings == list{});
    }

    TEST_CASE("what cannot be refreshed beside readers is told with the statement, for its columns")
    {
        auto state = there();
        state.view.unique_indexes.clear();
        auto seen = judged(declared(), state);
        CHECK_FALSE(seen.concurrently);
        CHECK(seen.why_not == "it has no unique index");
        CHECK(seen.cure == "CREATE UNIQUE INDEX ON \"public\".\"stats\" (\"day\"), without WHERE");
        CHECK(seen.findings == list{"it has no unique index on day, as is declared: pgtend matview "
                                    "create makes it"});
        state = there();
        state.view.may_refresh = false;
        CHECK(judged(declared(), state, 170000).cure ==
              "GRANT MAINTAIN ON \"public\".\"stats\" TO \"tend\"");
        CHECK(judged(declared(), state).why_not ==
              "role tend may not refresh public.stats: it belongs to app");
    }

    TEST_CASE("not populated is a finding, unless it was declared so; its age is not asked for")
    {
        auto state = there();
        state.view.populated = false;
        auto asked = declared();
        CHECK(judged(asked, state).findings ==
              list{"it is not populated: every query of it fails"});
        CHECK_FALSE(judged(asked, state).age.has_value());
        asked.policy->with_data = false;
        CHECK(judged(asked, state).findings == list{});
    }

    TEST_CASE("missing, of another kind, different, refused by the server, not compared")
    {
        auto state = there();
        state.view.found = {
            {"public", "stats"}, {}, {}, "materialized view public.stats does not exist", {}};
        state.kind = ' ';
        CHECK(
            judged(declared(), state).findings ==
            list{"materialized view public.stats does not exist: pgtend matview create makes it"});
        state.kind = 'r';
        state.view.found.problem = "public.stats is a table, not a materialized view";
        CHECK(judged(declared(), state).findings ==
              list{"public.stats is a table, not a materialized view"});

        state = there();
        state.as_declared = false;
        state.existing = {{{"day", "date"}}, "a"};
        state.declared = {{{"day", "text"}}, "b"};
        auto seen = judged(declared(), state);
        CHECK(seen.definition == definition::differs);
        CHECK(seen.findings == list{"not as declared: column day is date, declared text"});

        state = there();
        state.as_declared = false;
        state.not_compared = {"permission denied for schema x", "", "42501"};
        seen = judged(declared(), state);
        CHECK(seen.definition == definition::not_compared);
        CHECK(seen.findings == list{});
        CHECK(seen.notes == list{"not compared with the declared query: permission denied for "
                                 "schema x"});
        state.query_fails = true;
        state.not_compared->message = "syntax error";
        CHECK(judged(declared(), state).findings ==
              list{"the declared query is refused: syntax error"});
    }

    TEST_CASE("a view that nobody declared is described, and nothing is wrong with it")
    {
        status_request asked;
        asked.asked.name = {"", "stats"};
        asked.unknown = "no job of the file refreshes it";
        auto state = there();
        state.view.populated = false;
        state.view.unique_indexes.clear();
        auto const seen = judged(asked, state);
        CHECK(display(seen.name) == "public.stats");
        CHECK(seen.findings == list{});
        CHECK(seen.definition == definition::not_declared);
        state.view.found.problem = "materialized view stats does not exist";
        state.view.found.hint = "did you mean public.state?";
        CHECK(judged(asked, state).findings ==
              list{"materialized view stats does not exist; did you mean public.state?"});
    }
}
