// SPDX-License-Identifier: Apache-2.0
#include "vacuum/run.hpp"

#include <doctest/doctest.h>

#include "plan/refusal.hpp"
#include "support/lists.hpp"

using namespace pgtend;
using namespace pgtend::vacuum;
using test::list;

namespace {

using indexes = std::vector<std::size_t>;

catalog::vacuum_table table(std::string const &name, double dead, double modified = 0,
                            char kind = 'r')
{
    catalog::vacuum_table out;
    out.oid = out.name.name = name;
    out.name.schema = "public";
    out.kind = kind;
    out.reltuples = 1e5; // thresholds 20,050 and 10,050
    out.pages = 1000;
    out.dead = dead;
    out.modified = modified;
    out.owner = "app";
    return out;
}

catalog::vacuum_table leaf(std::string const &name, std::string const &parent, double dead,
                           double modified = 0)
{
    auto out = table(name, dead, modified);
    out.parent = parent;
    return out;
}

catalog::vacuum_table parent(std::string const &name)
{
    auto out = table(name, 0, 0, 'p');
    out.reltuples = -1;
    return out;
}

struct asking {
    int version = 150000;
    bool vacuum = true;
    bool analyze = false;
    list names = {};
};

plan::plan plan_of(std::vector<catalog::vacuum_table> tables, asking const &how)
{
    model::vacuum_action action;
    action.vacuum = how.vacuum;
    action.analyze = how.analyze;
    catalog::vacuum_snapshot snapshot;
    snapshot.settings.server_version = how.version;
    snapshot.role = "tend";
    for (auto const &name : how.names) {
        action.tables.push_back({"public", name});
        snapshot.asked.push_back({{"public", name}, {"public", name}, name, {}, {}});
    }
    snapshot.tables = std::move(tables);
    return plan_run(action, snapshot);
}

list sql(plan::plan const &of)
{
    list out;
    for (auto const &each : of.steps) {
        if (auto const *alone = std::get_if<plan::standalone>(&each.body)) {
            CHECK_FALSE(alone->body.in_transaction);
            out.push_back(alone->body.sql);
        } else if (auto const *body = std::get_if<plan::transaction>(&each.body)) {
            CHECK(body->statements.at(0).in_transaction);
            out.push_back("transaction: " + body->statements.at(0).sql);
        } else {
            out.push_back("refused: " + each.reason);
        }
    }
    return out;
}

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("without names: what is due, the most needed first, then the largest")
    {
        auto big = table("big", 40'100);
        big.pages = 9000;
        auto const made =
            plan_of({table("calm", 100), table("two", 40'100), table("ten", 200'500), big}, {});
        CHECK(sql(made) == list{"VACUUM \"public\".\"ten\"", "VACUUM \"public\".\"big\"",
                                "VACUUM \"public\".\"two\""});
        CHECK(made.steps[0].reason == "200,500 dead rows, 10.0 times the threshold of 20,050");
        CHECK(made.steps[0].title == "vacuum public.ten");
        CHECK(made.steps[0].lane != made.steps[1].lane);
        auto const &locks = std::get<plan::standalone>(made.steps[0].body).body.locks;
        REQUIRE(locks.size() == 1);
        CHECK(locks[0].mode == plan::lock_mode::share_update_exclusive);
    }

    TEST_CASE("nothing due is said")
    {
        auto const made = plan_of({table("calm", 100)}, {});
        CHECK(made.empty());
        CHECK(made.notes == list{"no table is due"});
    }

    TEST_CASE("names: all of them, in the order of their need, and what is not counted is said")
    {
        auto const made = plan_of(
            {table("calm", 100), table("due", 40'100), table("idle", 0), table("other", 1e9)},
            {.names = {"idle", "calm", "due", "calm"}});
        CHECK(sql(made) == list{"VACUUM \"public\".\"due\"", "VACUUM \"public\".\"calm\"",
                                "VACUUM \"public\".\"idle\""});
        CHECK(made.steps[1].reason ==
              "asked for, not due: 100 dead rows, 0.0 times the threshold of 20,050");
        CHECK(made.steps[2].reason == "asked for, nothing counted");
    }

    TEST_CASE("analyze: with a vacuum or alone, in a transaction then")
    {
        auto const tables = std::vector{table("both", 40'100, 50'000), table("rows", 40'100),
                                        table("changes", 0, 20'100)};
        CHECK(sql(plan_of(tables, {.analyze = true})) ==
              list{"VACUUM (ANALYZE) \"public\".\"both\"", "VACUUM \"public\".\"rows\"",
                   "transaction: ANALYZE \"public\".\"changes\""});
        CHECK(sql(plan_of(tables, {.vacuum = false, .analyze = true})) ==
              list{"transaction: ANALYZE \"public\".\"both\"",
                   "transaction: ANALYZE \"public\".\"changes\""});
        CHECK(plan_of(tables, {.analyze = true}).steps[0].reason ==
              "50,000 changed rows, 5.0 times the threshold of 10,050");
        CHECK(sql(plan_of(tables, {.vacuum = false, .analyze = true, .names = {"rows"}})) ==
              list{"transaction: ANALYZE \"public\".\"rows\""});
    }

    TEST_CASE("16 on: the database's statistics once, at the end")
    {
        auto const tables = std::vector{table("a", 40'100, 50'000), table("b", 30'000)};
        CHECK(sql(plan_of(tables, {.version = 160000, .analyze = true})) ==
              list{"VACUUM (ANALYZE, SKIP_DATABASE_STATS) \"public\".\"a\"",
                   "VACUUM (SKIP_DATABASE_STATS) \"public\".\"b\"",
                   "VACUUM (ONLY_DATABASE_STATS)"});
    }

    TEST_CASE(
        "a partitioned table up to 17: its ANALYZE treats the partitions, after their vacuums")
    {
        auto const made =
            plan_of({parent("p"), leaf("p1", "p", 10), leaf("p2", "p", 40'100), table("t", 30'000)},
                    {.analyze = true, .names = {"p", "t"}});
        CHECK(sql(made) == list{"VACUUM \"public\".\"p2\"", "VACUUM (ANALYZE) \"public\".\"t\"",
                                "VACUUM \"public\".\"p1\"", "ANALYZE \"public\".\"p\""});
        CHECK(made.steps[3].after == indexes{0, 2});
        CHECK(made.steps[3].title == "analyze public.p");
        CHECK(sql(plan_of({parent("p"), leaf("p1", "p", 10)},
                          {.vacuum = false, .analyze = true, .names = {"p"}})) ==
              list{"ANALYZE \"public\".\"p\""});
        CHECK(sql(plan_of({parent("p"), leaf("p1", "p", 10)}, {.names = {"p"}})) ==
              list{"VACUUM \"public\".\"p1\""});
    }

    TEST_CASE("a table that others inherit from is treated alone, on every server")
    {
        auto root = table("root", 30000, 30000);
        root.inherited = true;
        auto const asked = [&](int version, bool vacuum) {
            return sql(plan_of(
                {root},
                {.version = version, .vacuum = vacuum, .analyze = true, .names = {"root"}}));
        };
        CHECK(asked(170000, true) ==
              list{"VACUUM (ANALYZE, SKIP_DATABASE_STATS) \"public\".\"root\""});
        CHECK(asked(180000, true) ==
              list{"VACUUM (ANALYZE, SKIP_DATABASE_STATS) ONLY \"public\".\"root\""});
        CHECK(asked(170000, false) == list{"transaction: ANALYZE \"public\".\"root\""});
        CHECK(asked(180000, false) == list{"transaction: ANALYZE ONLY \"public\".\"root\""});
    }

    TEST_CASE("from 18 on: ANALYZE ONLY, and the partitions by themselves")
    {
        auto const made =
            plan_of({parent("p"), leaf("p1", "p", 10), leaf("p2", "p", 0)},
                    {.version = 180000, .vacuum = false, .analyze = true, .names = {"p"}});
        CHECK(sql(made) == list{"transaction: ANALYZE \"public\".\"p1\"",
                                "transaction: ANALYZE \"public\".\"p2\"",
                                "transaction: ANALYZE ONLY \"public\".\"p\""});
        CHECK(made.steps[2].after.empty());
    }

    TEST_CASE("partitions of partitions")
    {
        auto middle = parent("p1");
        middle.parent = "p";
        auto const tables = std::vector{parent("p"), middle, leaf("p1a", "p1", 0)};
        CHECK(sql(plan_of(tables, {.analyze = true, .names = {"p"}})) ==
              list{"VACUUM \"public\".\"p1a\"", "ANALYZE \"public\".\"p\""});
        CHECK(sql(plan_of(tables,
                          {.version = 180000, .vacuum = false, .analyze = true, .names = {"p"}})) ==
              list{"transaction: ANALYZE \"public\".\"p1a\"",
                   "transaction: ANALYZE ONLY \"public\".\"p\"",
                   "transaction: ANALYZE ONLY \"public\".\"p1\""});
    }

    TEST_CASE("when a partitioned table is due")
    {
        auto const steps = [](catalog::vacuum_table top, catalog::vacuum_table below) {
            return plan_of({std::move(top), std::move(below)},
                           {.version = 180000, .vacuum = false, .analyze = true});
        };
        auto top = parent("p");
        auto below = leaf("p1", "p", 0);
        CHECK(steps(top, below).steps.at(0).reason ==
              "the partitioned table itself was never analyzed");
        top.last_analyze = 1000;
        CHECK(steps(top, below).empty());
        below.last_autoanalyze = 999;
        CHECK(steps(top, below).empty());
        below.last_autoanalyze = 1001;
        CHECK(steps(top, below).steps.at(0).reason == "1 of its partitions changed enough since");
        below.last_autoanalyze.reset();
        below.last_analyze = 1001; // by hand: up to 17 by the ANALYZE of the parent itself
        CHECK(steps(top, below).empty());
        below.modified = 20'100;
        auto const made = steps(top, below);
        CHECK(sql(made) == list{"transaction: ANALYZE \"public\".\"p1\"",
                                "transaction: ANALYZE ONLY \"public\".\"p\""});
        CHECK(made.steps[1].reason ==
              "20,100 changed rows in its partitions, 2.0 times the threshold of 10,050");
        // An empty one has nothing to tell.
        below = leaf("p1", "p", 0);
        below.reltuples = -1;
        top.last_analyze.reset();
        CHECK(steps(top, below).empty());
    }

    TEST_CASE("rights are looked at first")
    {
        auto closed = table("closed", 40'100);
        closed.may = false;
        auto made = plan_of({closed, table("open", 30'000)}, {});
        CHECK(sql(made) ==
              list{"refused: role tend may not vacuum or analyze public.closed: it belongs to app",
                   "VACUUM \"public\".\"open\""});
        auto const hint = [&](int version) {
            auto const all = plan_of({closed}, {.version = version});
            return plan::refused(*std::get<std::unique_ptr<plan::task>>(all.steps.at(0).body))
                ->hint();
        };
        CHECK(hint(150000) == "GRANT \"app\" TO \"tend\", or run as app");
        closed.owner_is_superuser = true; // not to be given away
        CHECK(hint(150000) == "ALTER TABLE \"public\".\"closed\" OWNER TO \"tend\", or run as app");
        CHECK(hint(170000) == "GRANT MAINTAIN ON \"public\".\"closed\" TO \"tend\"");
        closed.dead = 0;
        CHECK(plan_of({closed}, {}).empty());
        CHECK(plan_of({closed}, {.names = {"closed"}}).steps.size() == 1);
        // System catalogs are autovacuum's, unless somebody asks for one by name.
        closed.dead = 40'100;
        closed.system = true;
        made = plan_of({closed}, {});
        CHECK(made.empty());
        CHECK(made.notes.at(0) ==
              "1 system catalog is due; role tend may not vacuum it, autovacuum will");
        CHECK(plan_of({closed}, {.names = {"closed"}}).steps.size() == 1);
    }

    TEST_CASE("a name that is not there")
    {
        model::vacuum_action action;
        catalog::vacuum_snapshot snapshot;
        snapshot.asked = {{{"public", "nope"},
                           {},
                           {},
                           "table public.nope does not exist",
                           "did you mean public.note?"},
                          {{"public", "temp"}, {"public", "temp"}, "77", {}, {}}};
        snapshot.settings.track_counts = false;
        auto const made = plan_run(action, snapshot);
        CHECK(sql(made) == list{"refused: table public.nope does not exist",
                                "refused: public.temp is temporary, or gone"});
        CHECK(made.notes.at(0).starts_with("track_counts is off"));
    }
}
