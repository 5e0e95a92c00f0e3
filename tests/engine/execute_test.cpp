// SPDX-License-Identifier: Apache-2.0
// The real executor on a real server: transactions, settings, roles, the fence, notices.
#include <doctest/doctest.h>

#include "workbench.hpp"

using namespace pgtend;
using namespace pgtend::test;
using engine::step_status;

TEST_SUITE_BEGIN("db");

TEST_CASE("a transaction is committed as a whole, or not at all")
{
    workbench w;
    w.db.psql("create table t (i int primary key)");
    auto good = execute(
        w.environment(),
        one(step("good", {sql("insert into t values (1), (2)"), sql("insert into t values (3)")},
                 0)));
    CHECK(good.succeeded());
    CHECK(good.total().rows == 2);
    CHECK(good.steps[0].attempts == 1);
    CHECK(good.steps[0].elapsed.count() > 0);
    auto bad = execute(w.environment(), one(step("bad", {sql("insert into t values (4)"),
                                                         sql("insert into t values (1)")})));
    CHECK(!bad.succeeded());
    REQUIRE(bad.first_problem() != nullptr);
    CHECK(bad.first_problem()->sqlstate() == "23505");
    CHECK(bad.first_problem()->statement() == "insert into t values (1)");
    CHECK(bad.steps[0].attempts == 1); // never tried again
    CHECK(w.db.value("select count(*) from t") == "3");
    CHECK(w.watcher.begun == std::vector<std::string>{"good", "bad"});
    CHECK(w.watcher.ended == w.watcher.begun);
    CHECK(w.watcher.retries.empty());
}

TEST_CASE("parameters go apart from the text")
{
    workbench w;
    w.db.psql("create table t (i int, s text)");
    plan::statement insert = sql("insert into t values ($1::int, $2)");
    insert.parameters = {"7", "'; drop table t; --"};
    CHECK(execute(w.environment(), one(step("insert", {insert}, 0))).total().rows == 1);
    CHECK(w.db.value("select s from t where i = 7") == "'; drop table t; --");
}

TEST_CASE("an error at COMMIT is the transaction's failure")
{
    workbench w;
    w.db.psql("create table p (i int primary key); create table t (i int references p deferrable "
              "initially deferred)");
    auto const r = execute(w.environment(), one(step("insert", {sql("insert into t values (1)")})));
    REQUIRE(r.first_problem() != nullptr);
    CHECK(r.first_problem()->sqlstate() == "23503");
    CHECK(!r.ended_by);
}

TEST_CASE(
    "a failure stops neither an independent step nor is it hidden; what depends on it is skipped")
{
    workbench w;
    w.db.psql("create table t (i int)");
    plan::plan p;
    p.steps.push_back(step("first", {sql("insert into nowhere values (1)")}));
    p.steps.push_back(step("second", {sql("insert into t values (2)")}));
    p.steps.push_back(step("third", {sql("insert into t values (3)")}));
    p.steps[2].after = {0};
    p.steps.push_back(step("fourth", {sql("insert into t values (4)")}));
    p.steps[3].after = {1};
    p.steps.push_back(step("fifth", {sql("insert into t values (5)")}));
    p.steps[4].after = {2};
    p.notes = {"a note"};
    auto const r = execute(w.environment(), std::move(p));
    CHECK(r.steps[0].status == step_status::failed);
    CHECK(r.steps[0].problem->sqlstate() == "42P01");
    CHECK(r.steps[0].problem->hint().find("search_path") != std::string::npos);
    CHECK(r.steps[1].status == step_status::succeeded);
    CHECK(r.steps[2].status == step_status::skipped);
    CHECK(r.steps[2].problem->message().find("'first'") != std::string::npos);
    CHECK(r.steps[3].status == step_status::succeeded);
    CHECK(r.steps[4].status == step_status::skipped);
    CHECK(!r.succeeded());
    CHECK(!r.ended_by);
    CHECK(r.notes == std::vector<std::string>{"a note"});
    CHECK(w.db.value("select string_agg(i::text, ',' order by i) from t") == "2,4");
}

TEST_CASE("every transaction has the work's settings, whatever role and database say")
{
    workbench w;
    w.db.psql("create table seen (name text, value text)");
    std::string all;
    for (std::string const setting :
         {"statement_timeout = '150ms'", "lock_timeout = '100ms'",
          "idle_in_transaction_session_timeout = '1h'", "idle_session_timeout = '1h'",
          "timezone = 'Asia/Tokyo'", "datestyle = 'German'", "search_path = public, pg_catalog",
          "default_transaction_read_only = on"}) {
        all += "alter database " + w.db.name() + " set " + setting + ";";
    }
    w.db.psql(all);
    auto around = w.environment();
    around.settings.time_zone = "Africa/Kinshasa";
    // Longer than the database's statement_timeout, which must not count before the settings do.
    around.fence.opening = {sql("select 1 from (select pg_sleep(0.3)) waits_for_a_takeover")};
    std::string const note =
        "insert into public.seen select name, setting from pg_catalog.pg_settings "
        "where name in ('TimeZone', 'DateStyle', 'row_security', 'statement_timeout', "
        "'lock_timeout', "
        "'idle_in_transaction_session_timeout', 'idle_session_timeout', 'search_path', "
        "'client_connection_check_interval', "
        "'transaction_isolation')";
    auto const r = execute(around, one(step("note", {sql("select pg_sleep(0.3)"), sql(note)})));
    CAPTURE(r.first_problem() == nullptr ? "" : describe(*r.first_problem()));
    REQUIRE(r.succeeded());
    w.db.psql("begin read write; alter database " + w.db.name() + " reset all; commit");
    auto const seen = [&](std::string const &name) {
        return w.db.value("select value from seen where name = '" + name + "'");
    };
    CHECK(seen("TimeZone") == "Africa/Kinshasa");
    CHECK(seen("DateStyle").starts_with("ISO"));
    CHECK(seen("row_security") == "off");
    CHECK(seen("statement_timeout") == "0");
    CHECK(seen("lock_timeout") == "2000"); // the policy's deadline: nobody queues behind it
    CHECK(seen("idle_in_transaction_session_timeout") == "30000");
    CHECK(seen("idle_session_timeout") == "0"); // a session may wait long for its lane
    CHECK(seen("search_path") == "public, pg_catalog");
    CHECK(seen("client_connection_check_interval") == "1000");
    CHECK(seen("transaction_isolation") == "read committed");
}

namespace {

// What a statement in autocommit sees on the worker's session: the engine then finds no transaction
// to commit and fails.
plan::step peek()
{
    return step("peek",
                {sql("commit"),
                 sql("insert into public.seen select 'after ' || name, setting from pg_settings "
                     "where name in ('TimeZone', 'lock_timeout', 'search_path', 'row_security')")});
}

} // namespace

TEST_CASE(
    "a statement outside a transaction gets the settings for the session, and they are taken back")
{
    workbench w;
    w.db.psql(
        "create table public.t (i int); create table public.seen (name text, value text); "
        "create function public.note() returns int language sql as $$ insert into public.seen "
        "select name, setting from pg_settings where name in ('TimeZone', 'lock_timeout', "
        "'search_path'); "
        "select 1 $$");
    auto around = w.environment();
    around.settings.time_zone = "Africa/Kinshasa";
    around.settings.search_path = "pg_temp, pg_catalog";
    plan::plan p;
    p.steps.push_back(
        alone("vacuum", sql("vacuum public.t",
                            {{R"("public"."t")", plan::lock_mode::share_update_exclusive}})));
    p.steps.push_back(alone("note", sql("select public.note()")));
    p.steps.push_back(alone("fail", sql("vacuum public.nowhere")));
    p.steps.push_back(peek());
    auto const r = execute(around, std::move(p));
    CHECK(r.steps[0].status == step_status::succeeded);
    CHECK(r.steps[1].status == step_status::succeeded);
    CHECK(r.steps[2].problem->sqlstate() == "42P01");
    CHECK(r.steps[3].status == step_status::failed);
    CHECK(w.db.value("select value from seen where name = 'TimeZone'") == "Africa/Kinshasa");
    CHECK(w.db.value("select value from seen where name = 'lock_timeout'") == "2000");
    CHECK(w.db.value("select value from seen where name = 'search_path'") == "pg_temp, pg_catalog");
    CHECK(w.db.value("select value from seen where name = 'after TimeZone'") == "UTC");
    CHECK(w.db.value("select value from seen where name = 'after lock_timeout'") == "0");
    CHECK(w.db.value("select value from seen where name = 'after search_path'") ==
          R"("$user", public)");
    CHECK(w.db.value("select value from seen where name = 'after row_security'") == "on");
}

TEST_CASE("a transaction leaves no settings behind, also a failed one")
{
    workbench w;
    w.db.psql("create table public.seen (name text, value text)");
    auto around = w.environment();
    around.settings.time_zone = "Africa/Kinshasa";
    around.settings.search_path = "pg_temp, pg_catalog";
    plan::plan p;
    p.steps.push_back(step("good", {sql("select 1")}));
    p.steps.push_back(step("bad", {sql("select 1/0")}));
    p.steps.push_back(peek());
    CHECK(execute(around, std::move(p)).steps[0].status == step_status::succeeded);
    CHECK(w.db.value("select value from seen where name = 'after TimeZone'") == "UTC");
    CHECK(w.db.value("select value from seen where name = 'after search_path'") ==
          R"("$user", public)");
}

TEST_CASE("statements outside a transaction are refused behind a pooler in transaction mode")
{
    workbench w;
    w.db.psql("create table t (i int)");
    auto around = w.environment();
    around.transaction_pooler = true;
    auto const r = execute(around, one(alone("vacuum", sql("vacuum public.t"))));
    REQUIRE(r.first_problem() != nullptr);
    CHECK(r.first_problem()->hint().find("directly") != std::string::npos);
}

TEST_CASE("triggers and functions with unqualified names work under the role's search_path")
{
    workbench w;
    w.db.psql("create schema app; create table app.t (i int); create table app.audit (i int); "
              "create function app.note() returns trigger language plpgsql as $$ begin insert into "
              "audit values (new.i); "
              "return new; end $$; create trigger note after insert on app.t for each row execute "
              "function app.note()");
    w.db.psql("alter database " + w.db.name() + " set search_path = app");
    auto const insert = [] { return one(step("insert", {sql("insert into app.t values (1)")})); };
    CHECK(execute(w.environment(), insert()).succeeded());
    CHECK(w.db.value("select count(*) from app.audit") == "1");
    // The session of the control connection would have failed:
    auto empty = w.environment();
    empty.settings.search_path = "";
    auto const r = execute(empty, insert());
    REQUIRE(r.first_problem() != nullptr);
    CHECK(r.first_problem()->sqlstate() == "42P01");
    CHECK(r.first_problem()->message().find("CONTEXT") != std::string::npos);
    CHECK(r.first_problem()->message().find("app.note()") != std::string::npos);
}

namespace {

// Roles are the server's: unique to this database.
struct roles {
    explicit roles(workbench &bench) : w{bench}, limited{bench.db.name() + "_limited"}
    {
        w.db.psql("create role " + limited + " login");
    }
    ~roles() { w.db.psql("drop owned by " + limited + "; drop role " + limited); }
    workbench &w;
    std::string limited;
};

std::vector<plan::lock> on_t()
{
    return {{R"("public"."t")", plan::lock_mode::row_exclusive}};
}

} // namespace

TEST_CASE("the work runs as the role, after the fence")
{
    workbench w;
    roles const r{w};
    w.db.psql("create table lease (token int); insert into lease values (1); create table t (who "
              "text); grant insert on t to " +
              r.limited);
    auto around = w.environment();
    around.settings.role = r.limited;
    around.fence.opening = {sql("select 1 from lease where token = 1 for key share")};
    auto const done =
        execute(around, one(step("insert", {sql("insert into t values (current_user)")})));
    CAPTURE(done.first_problem() == nullptr ? "" : describe(*done.first_problem()));
    CHECK(done.succeeded());
    CHECK(w.db.value("select who from t") == r.limited);

    around.settings.role = "nobody_of_that_name";
    auto const none =
        execute(around, one(step("insert", {sql("insert into t values (current_user)")})));
    REQUIRE(none.first_problem() != nullptr);
    CHECK(none.first_problem()->message().find("nobody_of_that_name") != std::string::npos);
    CHECK(none.first_problem()->sqlstate() == "22023");
}

TEST_CASE("a role without rights fails with the missing GRANT, other steps go on")
{
    workbench w;
    roles const r{w};
    w.db.psql("create table t (i int); create table u (i int); grant select, delete on u to " +
              r.limited);
    plan::plan p;
    p.steps.push_back(step("t", {sql("delete from public.t where i > 0", on_t())}));
    p.steps.push_back(step("u", {sql("delete from public.u where i > 0")}));
    p.steps.push_back(step("ddl", {sql("alter table public.t add column j int",
                                       {{R"("public"."t")", plan::lock_mode::access_exclusive}})}));
    auto around = w.environment(r.limited);
    auto const done = execute(around, std::move(p));
    CHECK(done.steps[0].problem->sqlstate() == "42501");
    CHECK(done.steps[0].problem->hint() ==
          R"(Missing: GRANT SELECT, DELETE ON "public"."t" TO ")" + r.limited + R"(".)");
    CHECK(done.steps[1].status == step_status::succeeded);
    CHECK(done.steps[2].problem->hint().find("OWNER TO \"" + r.limited) != std::string::npos);

    w.db.psql("grant select on t to " + r.limited);
    auto const half =
        execute(around, one(step("t", {sql("delete from public.t where i > 0", on_t())})));
    CHECK(half.first_problem()->hint() ==
          R"(Missing: GRANT DELETE ON "public"."t" TO ")" + r.limited + R"(".)");
}

TEST_CASE("rows that a policy hides are a failure, unless the work says otherwise")
{
    workbench w;
    roles const r{w};
    w.db.psql("create table t (i int); insert into t values (1), (2); alter table t enable row "
              "level security; "
              "create policy half on t using (i = 1); grant select, delete on t to " +
              r.limited);
    auto around = w.environment(r.limited);
    auto const hidden =
        execute(around, one(step("delete", {sql("delete from public.t", on_t())}, 0)));
    REQUIRE(hidden.first_problem() != nullptr);
    CHECK(hidden.first_problem()->sqlstate() == "42501");
    CHECK(hidden.first_problem()->hint().find("row_security: true") != std::string::npos);
    CHECK(w.db.value("select count(*) from t") == "2");
    around.settings.row_security = true;
    CHECK(execute(around, one(step("delete", {sql("delete from public.t", on_t())}, 0)))
              .total()
              .rows == 1);
}

TEST_CASE("a fence without a row ends the run; nothing of the transaction was done")
{
    workbench w;
    w.db.psql("create table lease (job text, token int); insert into lease values ('j', 1); create "
              "table t (i int)");
    auto around = w.environment();
    plan::statement guard =
        sql("select 1 from public.lease where job = $1 and token = $2::int for key share");
    guard.parameters = {"j", "1"};
    around.fence.opening = {guard};
    int works = 0;
    plan::plan p = one(task(
        "batches", [&](plan::outcome const &last, plan::tally &t) -> std::optional<plan::work> {
            t.rows += last.results.empty() ? 0 : last.results[0].affected();
            if (works++ == 2) {
                w.db.psql("update lease set token = 2"); // a takeover between two batches
            }
            return plan::work{.statements = {sql("insert into public.t values (1)")}};
        }));
    p.steps.push_back(step("later", {sql("insert into public.t values (2)")}));
    auto const r = execute(around, std::move(p));
    REQUIRE(r.ended_by);
    CHECK(r.ended_by->why == engine::cause::lease_lost);
    CHECK(r.ended_by->problem.code() == exit_code::held);
    CHECK(r.steps[0].status == step_status::failed);
    CHECK(r.steps[0].tally.rows == 2); // what was committed is told
    CHECK(r.steps[1].status == step_status::skipped);
    CHECK(!r.succeeded());
    CHECK(w.db.value("select count(*) from t") == "2");
}

TEST_CASE("a takeover waits for the working transaction")
{
    workbench w;
    w.db.psql("create table lease (job text, token int, unique (job, token)); insert into lease "
              "values ('j', 1); "
              "create table t (i int)");
    auto around = w.environment();
    around.fence.opening = {
        sql("select 1 from public.lease where job = 'j' and token = 1 for key share")};
    auto other = w.db.connect();
    auto working = std::jthread{[&] {
        execute(around, one(step("work", {sql("insert into public.t values (2)"),
                                          sql("select pg_sleep(0.5)")})));
    }};
    REQUIRE(eventually([&] {
        return w.db.value("select count(*) from pg_stat_activity where query like 'select "
                          "pg_sleep(0.5)%' and state = 'active' "
                          "and datname = current_database()") == "1";
    }));
    other.run("update lease set token = 2");
    CHECK(w.db.value("select count(*) from t") == "1"); // it came only after the commit
}

TEST_CASE("read-only work is neither fenced nor may it write")
{
    workbench w;
    w.db.psql("create table t (i int)");
    auto around = w.environment();
    around.fence.opening = {sql("select 1 where false")};
    int works = 0;
    std::string seen;
    auto const r = execute(
        around,
        one(task("look",
                 [&](plan::outcome const &last, plan::tally &) -> std::optional<plan::work> {
                     switch (works++) {
                     case 0:
                         return plan::work{.statements = {sql("select 42 as answer")},
                                           .read_only = true};
                     case 1:
                         seen = last.results.at(0).text(0, "answer");
                         return plan::work{.statements = {sql("insert into t values (1)")},
                                           .read_only = true};
                     default:
                         seen += " " + last.failed.value_or(plan::failure{}).sqlstate;
                         return {};
                     }
                 })));
    CHECK(r.succeeded());
    CHECK(seen == "42 25006");
}

TEST_CASE("VACUUM by a role that may not is a failure, not a success with a warning")
{
    workbench w;
    roles const r{w};
    w.db.psql("create table t (i int)");
    auto const done =
        execute(w.environment(r.limited), one(alone("vacuum", sql("vacuum public.t"))));
    REQUIRE(done.first_problem() != nullptr);
    CHECK(done.first_problem()->message().find("vacuum") != std::string::npos);
    CHECK(!done.first_problem()->hint().empty());
    CHECK(execute(w.environment(), one(alone("vacuum", sql("vacuum public.t")))).succeeded());
    auto const analyze =
        execute(w.environment(r.limited), one(step("analyze", {sql("analyze public.t")})));
    CHECK(!analyze.succeeded());
}

TEST_CASE("a name that would be cut, or that exists already, is a failure")
{
    workbench w;
    w.db.psql("create table t (i int)");
    auto const cut =
        execute(w.environment(),
                one(step("create", {sql("create table " + std::string(64, 'x') + " (i int)")})));
    REQUIRE(cut.first_problem() != nullptr);
    CHECK(cut.first_problem()->sqlstate() == "42622");
    CHECK(w.db.value("select count(*) from pg_class where relname like 'xxx%'") == "0");
    auto const exists = execute(w.environment(),
                                one(step("create", {sql("create table if not exists t (i int)")})));
    REQUIRE(exists.first_problem() != nullptr);
    CHECK(exists.first_problem()->sqlstate() == "42P07");
    auto free = sql("create table if not exists t (i int)");
    free.may_skip = true;
    CHECK(execute(w.environment(), one(step("create", {free}))).succeeded());
    CHECK(execute(w.environment(), one(step("drop", {sql("drop table if exists nowhere")})))
              .succeeded());
}

TEST_CASE("a warning of the application is told, and no failure")
{
    workbench w;
    auto const r = execute(
        w.environment(),
        one(step("warn", {sql("do $$ begin raise warning 'mind the gap'; raise notice 'not this'; "
                              "end $$")})));
    CHECK(r.succeeded());
    CHECK(r.total().notes == std::vector<std::string>{"server warning: mind the gap"});
}

TEST_CASE("a task is told of failures and results, and its tally survives its own error")
{
    workbench w;
    w.db.psql("create table t (i int)");
    int call = 0;
    auto const r = execute(
        w.environment(),
        one(task("batches",
                 [&](plan::outcome const &last, plan::tally &t) -> std::optional<plan::work> {
                     t.rows += last.results.empty() ? 0 : last.results[0].affected();
                     switch (call++) {
                     case 0:
                         CHECK(!last.failed);
                         return plan::work{.statements = {sql("insert into t values (1), (2)")}};
                     case 1:
                         CHECK(last.elapsed.count() > 0);
                         return plan::work{.statements = {sql("insert into nowhere values (1)")}};
                     default:
                         REQUIRE(last.failed);
                         throw error{"cannot go on", "a hint", last.failed->sqlstate};
                     }
                 })));
    CHECK(r.steps[0].tally.rows == 2);
    CHECK(r.steps[0].problem->message() == "cannot go on");
    CHECK(r.steps[0].problem->sqlstate() == "42P01");
    CHECK(w.watcher.progress == 1); // after each batch that the machine went on from
    CHECK(w.db.value("select count(*) from t") == "2");
}

TEST_CASE("an empty plan opens no session")
{
    system_clock time;
    engine::environment around{.open = []() -> pg::session { throw error{"opened"}; },
                               .time = time,
                               .random = system_random(),
                               .settings = {}};
    plan::plan p;
    p.notes = {"nothing to do"};
    auto const r = execute(around, std::move(p));
    CHECK(r.succeeded());
    CHECK(r.notes.size() == 1);
    auto const failed = execute(around, one(step("x", {sql("select 1")})));
    REQUIRE(failed.ended_by);
    CHECK(failed.ended_by->why == engine::cause::cannot_connect);
    CHECK(failed.steps[0].status == step_status::skipped);
}

TEST_SUITE_END();
