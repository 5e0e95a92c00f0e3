// SPDX-License-Identifier: Apache-2.0
// Lanes over workers, on a real server.
#include <doctest/doctest.h>

#include <atomic>

#include "workbench.hpp"

using namespace pgtend;
using namespace pgtend::test;
using engine::step_status;

namespace {

plan::step in_lane(plan::step s, std::string lane, std::vector<std::size_t> after = {})
{
    s.lane = std::move(lane);
    s.after = std::move(after);
    return s;
}

} // namespace

TEST_SUITE_BEGIN("db");

TEST_CASE("lanes run side by side, each on one session, results come in the plan's order")
{
    workbench w;
    w.db.psql("create table ran (lane text, number int, pid int, at timestamptz default "
              "clock_timestamp())");
    auto const work = [] {
        plan::plan p;
        for (int n = 0; n < 3; ++n) {
            for (std::string const lane : {"a", "b", "c", "d"}) {
                p.steps.push_back(in_lane(
                    step(lane + std::to_string(n), {sql("insert into ran values ('" + lane + "', " +
                                                        std::to_string(n) + ", pg_backend_pid())"),
                                                    sql("select pg_sleep(0.1)")}),
                    lane));
            }
        }
        return p;
    };
    for (int const workers : {1, 2, 4, 9}) {
        CAPTURE(workers);
        w.db.psql("truncate ran");
        auto around = w.environment();
        around.workers = workers;
        auto const start = w.time.steady();
        auto const r = execute(around, work());
        auto const took = since(start);
        CHECK(r.succeeded());
        CHECK(r.steps[0].title == "a0");
        CHECK(r.steps[11].title == "d2");
        CHECK(took >= milliseconds{1200} / std::min(workers, 4));
        CHECK(took < milliseconds{1200} / std::min(workers, 4) +
                         milliseconds{800}); // less than one after another
        CHECK(w.db.value("select count(distinct pid) from ran") ==
              std::to_string(std::min(workers, 4)));
        CHECK(w.db.value(
                  "select max(n) from (select count(distinct pid) n from ran group by lane) x") ==
              "1");
        CHECK(w.db.value("select bool_and(string = '012') from (select string_agg(number::text, '' "
                         "order by at) string "
                         "from ran group by lane) x") == "t");
    }
    CHECK(w.watcher.begun.size() == 48);
}

TEST_CASE("a condition on another lane is waited for, with fewer workers than lanes too")
{
    workbench w;
    w.db.psql("create table ran (title text, at timestamptz default clock_timestamp())");
    for (int const workers : {1, 2, 3}) {
        CAPTURE(workers);
        w.db.psql("truncate ran");
        auto const note = [](std::string const &title, double sleep) {
            return step(title,
                        {sql("select pg_sleep(" + std::to_string(sleep) + ")"),
                         sql("insert into ran values ('" + title + "', clock_timestamp())")});
        };
        plan::plan p;
        p.steps.push_back(in_lane(note("slow", 0.3), "a"));
        p.steps.push_back(in_lane(note("after slow", 0), "b", {0}));
        p.steps.push_back(in_lane(note("free", 0), "c"));
        p.steps.push_back(in_lane(note("after both", 0), "c", {0, 1}));
        auto around = w.environment();
        around.workers = workers;
        auto const r = execute(around, std::move(p));
        CHECK(r.succeeded());
        auto const order = w.db.value("select string_agg(title, ', ' order by at) from ran");
        CHECK(order == (workers == 1 ? "slow, after slow, free, after both"
                                     : "free, slow, after slow, after both"));
    }
}

TEST_CASE("a failure in one lane stops no other")
{
    workbench w;
    w.db.psql("create table t (i int)");
    plan::plan p;
    p.steps.push_back(in_lane(step("bad", {sql("select 1/0")}), "a"));
    p.steps.push_back(in_lane(step("good", {sql("insert into t values (1)")}), "b"));
    p.steps.push_back(in_lane(step("next of bad", {sql("insert into t values (2)")}), "a"));
    p.steps.push_back(in_lane(step("after bad", {sql("insert into t values (3)")}), "b", {0}));
    auto around = w.environment();
    around.workers = 2;
    auto const r = execute(around, std::move(p));
    CHECK(r.steps[0].status == step_status::failed);
    CHECK(r.steps[1].status == step_status::succeeded);
    CHECK(r.steps[2].status == step_status::succeeded);
    CHECK(r.steps[3].status == step_status::skipped);
}

TEST_CASE("fewer sessions than asked for are enough")
{
    workbench w;
    w.db.psql("create table t (i int)");
    plan::plan p;
    for (int i = 0; i < 8; ++i) {
        p.steps.push_back(in_lane(step("s", {sql("insert into t values (1)")}), std::to_string(i)));
    }
    std::atomic<int> opened{0};
    auto around = w.environment();
    around.workers = 4;
    around.open = [&]() -> pg::session {
        if (opened++ > 0) {
            throw connect_error{"sorry, too many clients already", {}, "53300"};
        }
        return test::open(w.db.dsn());
    };
    auto const r = execute(around, std::move(p));
    CHECK(r.succeeded());
    CHECK(r.notes.size() == 3);
    CHECK(w.db.value("select count(*) from t") == "8");

    auto none = w.environment();
    none.workers = 4;
    none.open = []() -> pg::session { throw connect_error{"refused"}; };
    plan::plan q;
    for (int i = 0; i < 4; ++i) {
        q.steps.push_back(in_lane(step("s", {sql("insert into t values (1)")}), std::to_string(i)));
    }
    auto const failed = execute(none, std::move(q));
    REQUIRE(failed.ended_by);
    CHECK(failed.ended_by->why == engine::cause::cannot_connect);
    CHECK(failed.ended_by->problem.code() == exit_code::cannot_connect);
    CHECK(failed.steps[3].status == step_status::skipped);
}

TEST_CASE("a lost session ends the run on every lane")
{
    workbench w;
    w.db.psql("create table t (i int)");
    plan::plan p;
    p.steps.push_back(
        in_lane(step("killed", {sql("select pg_sleep(0.2)"),
                                sql("select pg_terminate_backend(pg_backend_pid())")}),
                "a"));
    p.steps.push_back(
        in_lane(step("slow", {sql("insert into t values (1)"), sql("select pg_sleep(30)")}), "b"));
    p.steps.push_back(in_lane(step("later", {sql("select 1")}), "b"));
    auto around = w.environment();
    around.workers = 2;
    auto const start = w.time.steady();
    auto const r = execute(around, std::move(p));
    CHECK(since(start) < seconds{5});
    REQUIRE(r.ended_by);
    CHECK(r.ended_by->why == engine::cause::terminated);
    CHECK(r.steps[1].status == step_status::failed);
    CHECK(r.steps[1].problem->sqlstate() == "57P01"); // why it was ended, not that it was cancelled
    CHECK(r.steps[2].status == step_status::skipped);
    CHECK(w.db.value("select count(*) from t") == "0");
}

TEST_SUITE_END();
