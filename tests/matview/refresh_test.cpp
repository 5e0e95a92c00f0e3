// SPDX-License-Identifier: Apache-2.0
#include "matview/refresh.hpp"

#include <doctest/doctest.h>
#include <set>

#include "matview/support.hpp"
#include "plan/refusal.hpp"
#include "support/lists.hpp"

using namespace pgtend;
using namespace pgtend::matview;
using test::list;
using test::refusal;

namespace {

catalog::matview view(std::string const &name, std::vector<std::string> reads = {})
{
    catalog::matview out;
    out.found = {{"public", name}, {"public", name}, name, {}, {}};
    out.populated = true;
    out.unique_indexes = {{name + "_key", "", {"id"}}};
    out.owner = "app";
    out.reads = std::move(reads);
    return out;
}

plan::plan plan_refreshes(std::vector<catalog::matview> views,
                          model::concurrently mode = model::concurrently::automatic,
                          int version = 150000)
{
    model::refresh_action action;
    action.mode = mode;
    catalog::matview_snapshot snapshot;
    snapshot.server_version = version;
    snapshot.role = "tend";
    for (auto const &each : views) {
        action.matviews.push_back(each.found.asked);
    }
    snapshot.views = std::move(views);
    return plan_refresh(action, snapshot);
}

plan::statement const &statement(plan::step const &of)
{
    auto const *body = std::get_if<plan::transaction>(&of.body);
    REQUIRE(body != nullptr);
    REQUIRE(body->statements.size() == 1);
    return body->statements.front();
}

std::vector<std::string> order(plan::plan const &of)
{
    std::vector<std::string> out;
    for (auto const &each : of.steps) {
        out.push_back(each.object.substr(7));
    }
    return out;
}

using indexes = std::vector<std::size_t>;

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("concurrently when it can be")
    {
        auto const made = plan_refreshes({view("stats")});
        REQUIRE(made.steps.size() == 1);
        auto const &body = statement(made.steps[0]);
        CHECK(body.sql == "REFRESH MATERIALIZED VIEW CONCURRENTLY \"public\".\"stats\"");
        CHECK(body.in_transaction);
        REQUIRE(body.locks.size() == 1);
        CHECK(body.locks[0].mode == plan::lock_mode::exclusive);
        CHECK(made.steps[0].title == "refresh public.stats");
        CHECK(made.notes.empty());
    }

    TEST_CASE("automatic says why not, and what would change it")
    {
        auto bare = view("stats");
        bare.unique_indexes.clear();
        auto made = plan_refreshes({bare});
        CHECK(statement(made.steps[0]).sql == "REFRESH MATERIALIZED VIEW \"public\".\"stats\"");
        CHECK(statement(made.steps[0]).locks[0].mode == plan::lock_mode::access_exclusive);
        CHECK(made.steps[0].reason == "not concurrently: it has no unique index");
        CHECK(made.notes == list{"public.stats is refreshed while readers wait: it has no unique "
                                 "index; to change that: CREATE "
                                 "UNIQUE INDEX ON \"public\".\"stats\" (columns that tell its rows "
                                 "apart), without WHERE"});
        bare.unique_indexes = {{"stats_key", "has a WHERE", {"id"}}};
        CHECK(plan_refreshes({bare}).steps[0].reason ==
              "not concurrently: its only unique index stats_key has a WHERE");
        auto empty = view("stats");
        empty.populated = false;
        made = plan_refreshes({empty});
        CHECK(made.steps[0].reason == "not concurrently: it is not populated");
        CHECK(statement(made.steps[0]).sql == "REFRESH MATERIALIZED VIEW \"public\".\"stats\"");
    }

    TEST_CASE("yes refuses what cannot be, no never asks")
    {
        auto bare = view("stats");
        bare.unique_indexes.clear();
        auto const why = refusal(plan_refreshes({bare}, model::concurrently::yes).steps.at(0));
        CHECK(why.message() ==
              "public.stats cannot be refreshed concurrently: it has no unique index");
        CHECK(why.hint().starts_with("CREATE UNIQUE INDEX ON"));
        auto const made = plan_refreshes({view("stats")}, model::concurrently::no);
        CHECK(statement(made.steps[0]).sql == "REFRESH MATERIALIZED VIEW \"public\".\"stats\"");
        CHECK(made.notes.empty());
    }

    TEST_CASE("what is read comes first, and is waited for; each has a lane of its own, to go side "
              "by side")
    {
        auto const made = plan_refreshes({view("top", {"mid", "base"}), view("alone"), view("base"),
                                          view("mid", {"base"}), view("last")});
        CHECK(order(made) == list{"base", "mid", "top", "alone", "last"});
        CHECK(made.steps[0].after == indexes{});
        CHECK(made.steps[1].after == indexes{0});
        CHECK(made.steps[2].after == indexes{0, 1});
        CHECK(made.steps[3].after == indexes{});
        std::set<std::string> lanes;
        for (auto const &step : made.steps) {
            lanes.insert(step.lane);
        }
        CHECK(lanes.size() == made.steps.size());
    }

    TEST_CASE("views that read each other in a circle are refreshed once each, and told")
    {
        auto const made = plan_refreshes({view("a", {"b"}), view("b", {"c"}), view("c", {"a"})});
        CHECK(order(made) == list{"c", "b", "a"});
        CHECK(made.steps[0].after == indexes{});
        CHECK(made.steps[2].after == indexes{1});
        CHECK(made.notes == list{"public.c and public.a read each other, through views: the first "
                                 "one shows what the other was before"});
    }

    TEST_CASE("a view that is read and cannot be refreshed holds up its readers only")
    {
        auto base = view("base");
        base.may_refresh = false;
        auto const made = plan_refreshes({view("top", {"base"}), base, view("alone")});
        CHECK(order(made) == list{"base", "top", "alone"});
        CHECK(refusal(made.steps[0]).message() ==
              "role tend may not refresh public.base: it belongs to app");
        CHECK(made.steps[1].after == indexes{0});
        CHECK(made.steps[2].after == indexes{});
    }

    TEST_CASE("the missing right names the statement that gives it")
    {
        auto base = view("base");
        base.may_refresh = false;
        CHECK(refusal(plan_refreshes({base}).steps[0]).hint() ==
              "GRANT \"app\" TO \"tend\", or run as app");
        CHECK(refusal(plan_refreshes({base}, model::concurrently::automatic, 170000).steps[0])
                  .hint() == "GRANT MAINTAIN ON \"public\".\"base\" TO \"tend\"");
    }

    TEST_CASE("a name that is not there, and one that is there twice")
    {
        catalog::matview missing;
        missing.found = {{"public", "nope"},
                         {},
                         {},
                         "materialized view public.nope does not exist",
                         "did you mean public.note?"};
        auto const made = plan_refreshes({view("stats"), missing, view("stats")});
        CHECK(order(made) == list{"stats", "nope"});
        CHECK(refusal(made.steps[1]).hint() == "did you mean public.note?");
    }
}
