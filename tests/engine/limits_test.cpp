// SPDX-License-Identifier: Apache-2.0
// What ends a run or makes it try again: limits, stops, lost sessions, transient failures.
#include <doctest/doctest.h>

#include <atomic>

#include "pg/connect.hpp"
#include "support/proxy.hpp"
#include "workbench.hpp"

using namespace pgtend;
using namespace pgtend::test;
using engine::cause;
using engine::step_status;

namespace {

// As it goes over the wire; "READ COMMITTED" is none.
std::string const commit_message{"COMMIT\0", 7};

// Inserts a row a batch, for ever; counts what was committed.
plan::step endless(std::function<void(int)> before = {})
{
    auto const calls = std::make_shared<int>(0);
    return task("endless",
                [=](plan::outcome const &last, plan::tally &t) -> std::optional<plan::work> {
                    t.rows += last.results.empty() ? 0 : last.results[0].affected();
                    if (before) {
                        before((*calls)++);
                    }
                    return plan::work{.statements = {sql("insert into public.t values (1)")}};
                });
}

void wait_for_query(workbench &w, std::string const &like)
{
    REQUIRE(eventually([&] {
        return w.db.value(
                   "select count(*) from pg_stat_activity where state = 'active' and query like '" +
                   like + "' and pid <> pg_backend_pid() and datname = current_database()") == "1";
    }));
}

} // namespace

TEST_SUITE_BEGIN("db");

TEST_CASE("the deadline ends a running statement; what was committed stays and is told")
{
    workbench w;
    w.db.psql("create table t (i int)");
    auto around = w.environment();
    around.deadline = w.time.steady() + milliseconds{400};
    around.time_limit = milliseconds{500}; // 100 of them went before
    plan::plan p = one(step("first", {sql("insert into t values (1)")}, 0));
    p.steps.push_back(step("slow", {sql("insert into t values (2)"), sql("select pg_sleep(30)")}));
    p.steps.push_back(step("later", {sql("insert into t values (3)")}));
    auto const start = w.time.steady();
    auto const r = execute(around, std::move(p));
    CHECK(since(start) < seconds{3});
    REQUIRE(r.ended_by);
    CHECK(r.ended_by->why == cause::timed_out);
    CHECK(engine::name(r.ended_by->why) == "timed_out");
    CHECK(r.ended_by->problem.message() ==
          "the run's time limit of 500 ms is over: the statement was cancelled");
    CHECK(r.ended_by->problem.statement() == "select pg_sleep(30)");
    CHECK(r.ended_by->problem.hint().find("`timeout:`") != std::string::npos);
    CHECK(r.steps[0].tally.rows == 1);
    CHECK(r.steps[1].status == step_status::failed);
    CHECK(r.steps[2].status == step_status::skipped);
    CHECK(w.db.value("select string_agg(i::text, ',') from t") == "1");
}

TEST_CASE("the deadline also ends an endless task and its pauses")
{
    workbench w;
    w.db.psql("create table t (i int)");
    auto around = w.environment();
    around.deadline = w.time.steady() + milliseconds{300};
    auto const r = execute(around, one(endless()));
    REQUIRE(r.ended_by);
    CHECK(r.ended_by->why == cause::timed_out);
    CHECK(r.steps[0].tally.rows > 0);
    CHECK(std::to_string(r.steps[0].tally.rows) == w.db.value("select count(*) from t"));

    around.deadline = w.time.steady() + milliseconds{200};
    auto const start = w.time.steady();
    auto const pausing =
        execute(around, one(task("pausing", [](auto const &, auto &) -> std::optional<plan::work> {
                    return plan::work{.statements = {sql("select 1")}, .pause_before = seconds{60}};
                })));
    CHECK(since(start) < seconds{2});
    REQUIRE(pausing.ended_by);
    CHECK(pausing.ended_by->why == cause::timed_out);
}

TEST_CASE("a statement's own limit fails its step, not the run")
{
    workbench w;
    auto slow = sql("select pg_sleep(30)");
    slow.timeout = milliseconds{100};
    plan::plan p = one(step("slow", {slow}));
    p.steps.push_back(step("next", {sql("select 1")}));
    auto around = w.environment();
    around.deadline = w.time.steady() + seconds{20};
    auto const r = execute(around, std::move(p));
    CHECK(!r.ended_by);
    CHECK(r.steps[0].problem->sqlstate() == "57014");
    CHECK(r.steps[0].attempts == 1);
    CHECK(r.steps[1].status == step_status::succeeded);
}

TEST_CASE("the server's statement_timeout backs the client up")
{
    workbench w;
    auto around = w.environment();
    around.settings.statement_timeout = milliseconds{50};
    auto const r = execute(around, one(step("slow", {sql("select pg_sleep(30)")})));
    CHECK(!r.ended_by);
    CHECK(r.steps[0].problem->sqlstate() == "57014");
    around.settings.statement_timeout = {};
    around.deadline = w.time.steady() + seconds{20};
    w.db.psql("create table seen (v text)");
    REQUIRE(execute(around,
                    one(step("note",
                             {sql("insert into seen select setting from pg_settings where name = "
                                  "'statement_timeout'")})))
                .succeeded());
    CHECK(std::stoi(w.db.value("select v from seen")) > 20'000);
    CHECK(std::stoi(w.db.value("select v from seen")) <= 25'000);
}

TEST_CASE("a stop cancels what runs; a drain lets it finish and begins nothing new")
{
    workbench w;
    w.db.psql("create table t (i int)");
    for (bool const gently : {false, true}) {
        CAPTURE(gently);
        w.db.psql("truncate t");
        std::stop_source stop;
        auto around = w.environment();
        (gently ? around.drain : around.stop) = stop.get_token();
        plan::plan p =
            one(step("slow", {sql("insert into t values (1)"), sql("select pg_sleep(0.7)")}));
        p.steps.push_back(step("later", {sql("insert into t values (2)")}));
        std::jthread const asker{[&] {
            wait_for_query(w, "select pg_sleep(0.7)%");
            stop.request_stop();
        }};
        auto const r = execute(around, std::move(p));
        REQUIRE(r.ended_by);
        CHECK(r.ended_by->why == cause::interrupted);
        CHECK(r.ended_by->problem.code() == exit_code::interrupted);
        CHECK(r.steps[0].status == (gently ? step_status::succeeded : step_status::failed));
        CHECK(r.steps[1].status == step_status::skipped);
        CHECK(w.db.value("select count(*) from t") == (gently ? "1" : "0"));
    }
}

TEST_CASE("a drain ends a task between two batches, and the tally has the last one")
{
    workbench w;
    w.db.psql("create table t (i int)");
    std::stop_source drain;
    auto around = w.environment();
    around.drain = drain.get_token();
    auto const r = execute(around, one(endless([&](int call) {
                               if (call == 5) {
                                   drain.request_stop();
                               }
                           })));
    REQUIRE(r.ended_by);
    CHECK(r.ended_by->why == cause::interrupted);
    CHECK(r.steps[0].tally.rows == 5);
    CHECK(w.db.value("select count(*) from t") == "5");
}

TEST_CASE("a stop ends the pause before a retry")
{
    workbench w;
    std::stop_source stop;
    auto around = w.environment();
    around.stop = stop.get_token();
    around.settings.retry = {.max = 3, .initial = seconds{60}, .ceiling = seconds{60}};
    w.watcher.on_retry = [&] { stop.request_stop(); };
    auto const start = w.time.steady();
    auto const r = execute(
        around,
        one(step("x", {sql("do $$ begin raise exception 'x' using errcode = '40001'; end $$")})));
    CHECK(since(start) < seconds{5});
    REQUIRE(r.ended_by);
    CHECK(r.ended_by->why == cause::interrupted);
}

TEST_CASE("a terminated backend ends the run as terminated")
{
    workbench w;
    w.db.psql("create table t (i int)");
    plan::plan p = one(endless([&](int call) {
        if (call == 3) {
            w.db.psql("select pg_terminate_backend(pid) from pg_stat_activity where datname = "
                      "current_database() and pid <> "
                      "pg_backend_pid()");
        }
    }));
    p.steps.push_back(step("later", {sql("insert into t values (2)")}));
    auto const r = execute(w.environment(), std::move(p));
    REQUIRE(r.ended_by);
    CHECK(r.ended_by->why == cause::terminated);
    CHECK(r.ended_by->problem.sqlstate() == "57P01");
    CHECK(r.steps[0].tally.rows == 3);
    CHECK(r.steps[1].status == step_status::skipped);
    CHECK(w.db.value("select count(*) from t") == "3");
}

TEST_CASE("a cut connection ends the run as session_lost")
{
    workbench w;
    w.db.psql("create table t (i int)");
    proxy network;
    auto around = w.environment();
    around.open = [&] { return test::open(network.dsn(w.db.name())); };
    auto const r = execute(around, one(endless([&](int call) {
                               if (call == 2) {
                                   network.cut();
                               }
                           })));
    REQUIRE(r.ended_by);
    CHECK(r.ended_by->why == cause::session_lost);
    CHECK(r.steps[0].tally.rows == 2);
}

TEST_CASE("a COMMIT without an answer is resolved, and the run goes on")
{
    workbench w;
    w.db.psql("create table t (i int)");
    for (auto const answer : {pg::commit_outcome::committed, pg::commit_outcome::aborted,
                              pg::commit_outcome::unknown}) {
        CAPTURE(static_cast<int>(answer));
        w.db.psql("truncate t");
        proxy network;
        network.lose_answer_to({commit_message});
        int opened = 0, asked = 0;
        auto around = w.environment();
        around.open = [&] {
            return test::open(opened++ == 0 ? network.dsn(w.db.name()) : w.db.dsn());
        };
        around.resolve = [&](std::string const &id) {
            ++asked;
            // The truth, and then what the case is about.
            CHECK(pg::commit_status(w.db.connect_options(), id, w.time, system_random()) ==
                  pg::commit_outcome::committed);
            return answer;
        };
        plan::plan p = one(step("first", {sql("insert into t values (1)")}, 0));
        p.steps.push_back(step("second", {sql("insert into t values (2)")}, 0));
        auto const r = execute(around, std::move(p));
        CHECK(asked == 1);
        if (answer == pg::commit_outcome::unknown) {
            REQUIRE(r.ended_by);
            CHECK(r.ended_by->why == cause::outcome_unknown);
            CHECK(r.steps[1].status == step_status::skipped);
            CHECK(opened == 1);
        } else {
            CHECK(r.succeeded());
            CHECK(r.total().rows == 2);
            CHECK(opened == 2);
            CHECK(r.steps[0].attempts == (answer == pg::commit_outcome::aborted ? 2 : 1));
            CHECK(w.watcher.retries.size() == (answer == pg::commit_outcome::aborted ? 1 : 0));
        }
        w.watcher.retries.clear();
    }
}

TEST_CASE("without a way to resolve it, a lost COMMIT ends the run")
{
    workbench w;
    w.db.psql("create table t (i int)");
    proxy network;
    network.lose_answer_to({commit_message});
    auto around = w.environment();
    around.open = [&] { return test::open(network.dsn(w.db.name())); };
    auto const r = execute(around, one(step("first", {sql("insert into t values (1)")})));
    REQUIRE(r.ended_by);
    CHECK(r.ended_by->why == cause::outcome_unknown);
    CHECK(w.db.value("select count(*) from t") == "1");
}

TEST_CASE("what is transient is tried again, and nothing else")
{
    workbench w;
    w.db.psql("create sequence tries; create function fail(state text, times int) returns void "
              "language plpgsql as $$ begin "
              "if nextval('tries') <= times then raise exception 'no' using errcode = state; end "
              "if; end $$");
    auto const with = [&](std::string const &state, int times) {
        w.db.psql("alter sequence tries restart");
        w.watcher.retries.clear();
        return execute(
            w.environment(),
            one(step(state, {sql("select fail('" + state + "', " + std::to_string(times) + ")")})));
    };
    for (std::string const state : {"40001", "40P01", "53300", "57P03", "08006", "08000"}) {
        CAPTURE(state);
        auto const r = with(state, 3);
        CHECK(r.succeeded());
        CHECK(r.steps[0].attempts == 4);
        CHECK(w.watcher.retries.size() == 3);
    }
    auto const used_up = with("40001", 4);
    CHECK(used_up.first_problem()->sqlstate() == "40001");
    CHECK(used_up.steps[0].attempts == 4); // the first and three more
    for (std::string const state :
         {"42P01", "42501", "28000", "53100", "08007", "57014", "23505", "P0001", "53200"}) {
        CAPTURE(state);
        auto const r = with(state, 1);
        CHECK(!r.succeeded());
        CHECK(r.steps[0].attempts == 1);
        CHECK(w.watcher.retries.empty());
    }
}

TEST_CASE("a task hears of a transient failure only when the retries are used up")
{
    workbench w;
    std::vector<std::string> heard;
    int call = 0;
    auto const r = execute(
        w.environment(),
        one(task("x", [&](plan::outcome const &last, plan::tally &) -> std::optional<plan::work> {
            if (call++ == 0) {
                return plan::work{
                    .statements = {
                        sql("do $$ begin raise exception 'no' using errcode = '40001'; end $$")}};
            }
            heard.push_back(last.failed.value_or(plan::failure{}).sqlstate);
            return {};
        })));
    CHECK(r.succeeded());
    CHECK(heard == std::vector<std::string>{"40001"});
    CHECK(w.watcher.retries.size() == 3);
    CHECK(r.steps[0].attempts == 4);
}

TEST_CASE("a deadlock is tried again")
{
    workbench w;
    w.db.psql("create table t (i int primary key, who text); insert into t values (1), (2); create "
              "sequence tries; "
              "alter database " +
              w.db.name() + " set deadlock_timeout = '50ms'");
    auto other = w.db.connect();
    other.run("set deadlock_timeout = '60s'"); // the executor is the one who finds out
    other.begin();
    other.run("update t set who = 'other' where i = 2");
    std::jthread const opponent{[&] {
        wait_for_query(w, "do $$ /* until%");
        other.run("update t set who = 'other' where i = 1"); // waits for the executor
        other.commit();
    }};
    // In the first attempt, until the opponent waits for us.
    auto const meet = sql("do $$ /* until the opponent waits */ begin if nextval('tries') = 1 then "
                          "while not exists (select from pg_locks where not granted and pid = " +
                          std::to_string(other.backend_pid()) +
                          ") loop perform pg_sleep(0.01); end loop; end if; end $$");
    auto around = w.environment();
    around.settings.statement_timeout = seconds{20};
    auto const r =
        execute(around, one(step("both", {sql("update t set who = 'us' where i = 1"), meet,
                                          sql("update t set who = 'us' where i = 2")})));
    CAPTURE(r.first_problem() == nullptr ? "" : describe(*r.first_problem()));
    CHECK(r.succeeded());
    CHECK(r.steps[0].attempts == 2);
    REQUIRE(w.watcher.retries.size() == 1);
    CHECK(w.watcher.retries[0].find("40P01") != std::string::npos);
    CHECK(w.db.value("select string_agg(who, ',') from t") == "us,us");
}

TEST_SUITE_END();
