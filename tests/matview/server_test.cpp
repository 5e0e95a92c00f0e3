// SPDX-License-Identifier: Apache-2.0
// Refreshing on a real server: order, locks, rights.
#include <doctest/doctest.h>

#include "catalog/load.hpp"
#include "matview/refresh.hpp"
#include "support/apply.hpp"
#include "support/database.hpp"
#include "support/lists.hpp"

using namespace pgtend;
using namespace pgtend::test;

namespace {

plan::plan plan_views(pg::session &s, list const &names,
                      model::concurrently mode = model::concurrently::automatic,
                      std::string const &role = "")
{
    model::refresh_action action;
    action.mode = mode;
    for (auto const &each : names) {
        action.matviews.push_back(parse_qualified_name(each));
    }
    return matview::plan_refresh(action, catalog::load_matviews(s, action.matviews, role));
}

list problems_and_skips(std::vector<applied> const &all)
{
    list out;
    for (auto const &each : all) {
        if (!each.problem.empty() || each.skipped) {
            out.push_back(each.skipped ? "skipped " + each.title
                                       : each.sqlstate + " " + each.title);
        }
    }
    return out;
}

list titles(plan::plan const &of)
{
    list out;
    for (auto const &each : of.steps) {
        out.push_back(each.title);
    }
    return out;
}

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("through views between, in order, with the locks that are declared")
    {
        database const db;
        auto s = db.connect();
        for (auto const *sql : {"CREATE TABLE t (a int)", "INSERT INTO t VALUES (1)",
                                "CREATE MATERIALIZED VIEW base AS SELECT a FROM t",
                                "CREATE VIEW plain AS SELECT a + 1 AS a FROM base",
                                "CREATE VIEW plain2 AS SELECT * FROM plain",
                                "CREATE MATERIALIZED VIEW top AS SELECT a FROM plain2",
                                "CREATE UNIQUE INDEX ON base (a)",
                                "CREATE MATERIALIZED VIEW between AS SELECT a FROM base",
                                "CREATE MATERIALIZED VIEW over AS SELECT a FROM between",
                                "INSERT INTO t VALUES (5)"}) {
            s.run(sql);
        }
        auto const work = plan_views(s, {"public.top", "public.over", "public.base"});
        CHECK(titles(work) ==
              list{"refresh public.base", "refresh public.top", "refresh public.over"});
        CHECK(work.notes.back() ==
              "public.between is read by these views and is not refreshed here");
        auto const all = apply(work, s, [&](plan::step const &step) {
            auto const &lock =
                std::get<plan::transaction>(step.body).statements.front().locks.front();
            auto const held =
                s.run("SELECT min(mode) FROM pg_locks WHERE pid = pg_backend_pid() AND relation = "
                      "$1::regclass AND mode IN ('ExclusiveLock', 'AccessExclusiveLock')",
                      {lock.relation});
            // The stronger one comes first by name.
            CHECK(held.text(0, std::size_t{0}) == plan::catalog_name(lock.mode));
        });
        CHECK(problems_and_skips(all) == list{});
        CHECK(s.run("SELECT max(a) FROM top").text(0, std::size_t{0}) == "6");
        CHECK(s.run("SELECT max(a) FROM over").text(0, std::size_t{0}) == "1");
    }

    TEST_CASE("which unique indexes serve is what the server says")
    {
        database const db;
        auto s = db.connect();
        s.run("CREATE TABLE t (a int, b text)");
        struct example {
            std::string index;
            bool serves;
        };
        std::vector<example> const examples{
            {"", false},
            {"CREATE INDEX ON v (a)", false},
            {"CREATE UNIQUE INDEX ON v (a) WHERE a > 0", false},
            {"CREATE UNIQUE INDEX ON v (lower(b))", false},
            {"CREATE UNIQUE INDEX ON v (a, lower(b))", false},
            {"CREATE UNIQUE INDEX ON v (a) INCLUDE (b)", true},
            {"CREATE UNIQUE INDEX ON v (a DESC NULLS LAST, b COLLATE \"C\")", true},
        };
        for (auto const &[index, serves] : examples) {
            CAPTURE(index);
            s.run("CREATE MATERIALIZED VIEW v AS SELECT * FROM t");
            if (!index.empty()) {
                s.run(index);
            }
            auto const work = plan_views(s, {"public.v"});
            CHECK((std::get<plan::transaction>(work.steps.at(0).body)
                       .statements.at(0)
                       .sql.find("CONCURRENTLY") != std::string::npos) == serves);
            CHECK(problems_and_skips(apply(work, s)) == list{});
            auto const forced = plan_views(s, {"public.v"}, model::concurrently::yes);
            CHECK((forced.steps.at(0).body.index() == 0) == serves);
            if (serves) {
                s.run("REFRESH MATERIALIZED VIEW CONCURRENTLY v");
            } else {
                CHECK_THROWS_AS(s.run("REFRESH MATERIALIZED VIEW CONCURRENTLY v"), error);
            }
            s.run("DROP MATERIALIZED VIEW v");
        }
    }

    TEST_CASE("not populated: plain once, then concurrently; a failing one holds up its readers, "
              "others go on")
    {
        database const db;
        auto s = db.connect();
        for (auto const *sql :
             {"CREATE TABLE t (a int)", "INSERT INTO t VALUES (0)",
              "CREATE MATERIALIZED VIEW base AS SELECT 1 / a AS x FROM t WITH NO DATA",
              "CREATE UNIQUE INDEX ON base (x)",
              "CREATE MATERIALIZED VIEW reader AS SELECT x FROM base WITH NO DATA",
              "CREATE MATERIALIZED VIEW alone AS SELECT a FROM t"}) {
            s.run(sql);
        }
        list const names{"public.reader", "public.base", "public.alone", "public.nope", "public.t"};
        CHECK(problems_and_skips(apply(plan_views(s, names), s)) ==
              list{"22012 refresh public.base", "skipped refresh public.reader",
                   " refresh public.nope", " refresh public.t"});
        s.run("UPDATE t SET a = 1");
        CHECK(plan_views(s, {"public.base"}).steps.at(0).reason ==
              "not concurrently: it is not populated");
        CHECK(problems_and_skips(apply(plan_views(s, {"public.reader", "public.base"}), s)) ==
              list{});
        CHECK(plan_views(s, {"public.base"}).steps.at(0).reason == "concurrently: readers go on");
    }

    TEST_CASE("the server lets views read each other in a circle; each is refreshed once")
    {
        database const db;
        auto s = db.connect();
        for (auto const *sql :
             {"CREATE VIEW v1 AS SELECT 1 AS a", "CREATE VIEW v2 AS SELECT 2 AS a",
              "CREATE MATERIALIZED VIEW m1 AS SELECT a FROM v1",
              "CREATE MATERIALIZED VIEW m2 AS SELECT a FROM v2",
              "CREATE OR REPLACE VIEW v1 AS SELECT a FROM m2",
              "CREATE OR REPLACE VIEW v2 AS SELECT a FROM m1"}) {
            s.run(sql);
        }
        auto const work = plan_views(s, {"public.m1", "public.m2"});
        CHECK(titles(work) == list{"refresh public.m2", "refresh public.m1"});
        CHECK(work.notes.front().find("read each other") != std::string::npos);
        CHECK(problems_and_skips(apply(work, s)) == list{});
    }

    TEST_CASE("rights: owner, member, and from 17 on MAINTAIN")
    {
        database const db;
        auto s = db.connect();
        auto const worker = "matview_worker_" + std::to_string(s.backend_pid());
        s.run("CREATE MATERIALIZED VIEW v AS SELECT 1 AS a");
        s.run("CREATE ROLE " + worker + " LOGIN");
        {
            auto w = open(db.dsn(worker));
            auto work = plan_views(w, {"public.v"});
            CHECK(work.steps.at(0).reason ==
                  "role " + worker + " may not refresh public.v: it belongs to postgres");
            CHECK_THROWS_AS(w.run("REFRESH MATERIALIZED VIEW v"), error);
            // Asked by another session for that role: the same answer.
            CHECK(plan_views(s, {"public.v"}, model::concurrently::automatic, worker)
                      .steps.at(0)
                      .reason == work.steps.at(0).reason);
            if (s.server_version() >= 170000) {
                s.run("GRANT MAINTAIN ON v TO " + worker);
            } else {
                s.run("ALTER MATERIALIZED VIEW v OWNER TO " + worker);
            }
            CHECK(problems_and_skips(apply(plan_views(w, {"public.v"}), w)) == list{});
        }
        s.run("DROP OWNED BY " + worker);
        s.run("DROP ROLE " + worker);
    }

    TEST_CASE("hostile names")
    {
        database const db;
        auto s = db.connect();
        s.run("CREATE SCHEMA \"s\"\"; --\"");
        s.run("CREATE MATERIALIZED VIEW \"s\"\"; --\".\"o'r $x$\ny\" AS SELECT 1 AS a");
        s.run("CREATE UNIQUE INDEX ON \"s\"\"; --\".\"o'r $x$\ny\" (a)");
        auto const work = plan_views(s, {"\"s\"\"; --\".\"o'r $x$\ny\""});
        CHECK(problems_and_skips(apply(work, s)) == list{});
        CHECK(work.steps.at(0).reason == "concurrently: readers go on");
    }
}
