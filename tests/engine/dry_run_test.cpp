// SPDX-License-Identifier: Apache-2.0
// The dry run: a script that psql runs, and that changes nothing while it is printed.
#include <doctest/doctest.h>

#include <cstdio>
#include <fstream>
#include <sstream>

#include "plan/refusal.hpp"
#include "workbench.hpp"

using namespace pgtend;
using namespace pgtend::test;
using engine::step_status;

namespace {

plan::plan example()
{
    plan::plan p;
    auto insert = sql("insert into t values ($1::int, $2) -- as asked",
                      {{R"("public"."t")", plan::lock_mode::row_exclusive}});
    insert.parameters = {"1", R"(it's \ $1)"};
    insert.comment = "the first\nrow";
    p.steps.push_back(
        step("fill public.t\n;drop table t",
             {insert, sql("insert into t values (2, current_setting('TimeZone'));")}));
    p.steps[0].reason = "because";
    p.steps.push_back(
        alone("vacuum public.t",
              sql("vacuum t", {{R"("public"."t")", plan::lock_mode::share_update_exclusive}})));
    p.steps.push_back(
        task("delete in batches", [](auto const &, auto &) -> std::optional<plan::work> {
            throw error{"a dry run never asks a machine for work"};
        }));
    p.notes = {"a note"};
    return p;
}

std::string printed(engine::environment around, plan::plan work, engine::result *r = nullptr)
{
    std::ostringstream out;
    auto const result = engine::dry_run(std::move(around), out)->run(std::move(work));
    if (r != nullptr) {
        *r = result;
    }
    return out.str();
}

} // namespace

TEST_SUITE_BEGIN("nodb");

TEST_CASE("a dry run without a server prints everything but who holds a lock")
{
    fake_clock time{instant{seconds{1'800'000'000}}};
    engine::environment around{.open = {}, .time = time, .random = [] { return 0.5; }};
    around.server = "host=db dbname=x";
    around.settings.time_zone = "Africa/Kinshasa";
    around.settings.search_path = "app, public";
    around.settings.role = "ro\"le";
    engine::result r;
    auto const text = printed(around, example(), &r);
    CHECK(text == R"(-- dry run: nothing was changed; 3 steps to do
-- server: host=db dbname=x
-- printed: 2027-01-15T08:00:00Z
-- a note
\set ON_ERROR_STOP on
SET statement_timeout = '0ms';
SET lock_timeout = '100ms';
SET TimeZone = 'Africa/Kinshasa';
SET row_security = 'off';
SET DateStyle = 'ISO';
SET IntervalStyle = 'postgres';
SET standard_conforming_strings = 'on';
SET client_min_messages = 'notice';
SET default_transaction_read_only = 'off';
SET idle_in_transaction_session_timeout = '30s';
SELECT pg_catalog.set_config('search_path', 'app, public', false);
SET ROLE "ro""le";

-- 1. fill public.t\x0A;drop table t
-- because
BEGIN;
-- the first\x0Arow
-- locks: ROW EXCLUSIVE on "public"."t"
insert into t values ('1'::int,  E'it''s \\ $1') -- as asked
;
insert into t values (2, current_setting('TimeZone'));
COMMIT;

-- 2. vacuum public.t
-- locks: SHARE UPDATE EXCLUSIVE on "public"."t"
vacuum t;

-- 3. delete in batches
-- a task
-- expected rows: about 10
-- repeated, each time with other values and committed, for ever:
--   select 1;
)");
    CHECK(r.succeeded());
    CHECK(r.steps.size() == 3);
    CHECK(r.steps[2].tally.expected == 10);
}

TEST_CASE(
    "no lock is waited for longer than an attempt, also after a statement that may wait for ever")
{
    fake_clock time{instant{}};
    engine::environment around{.open = {}, .time = time, .random = [] { return 0.5; }};
    auto build = sql("create index concurrently i on t (a)",
                     {{R"("public"."t")", plan::lock_mode::share_update_exclusive}});
    build.concurrently = true;
    auto attach = sql("alter index p attach partition i",
                      {{R"("public"."i")", plan::lock_mode::access_exclusive}});
    attach.lock_timeout = milliseconds{30};
    plan::plan p;
    p.steps.push_back(alone("build", build));
    p.steps.push_back(step("attach", {attach}));
    auto const text = printed(around, std::move(p));
    CHECK(text.ends_with(R"(
-- 1. build
SET lock_timeout = '0ms';
-- locks: SHARE UPDATE EXCLUSIVE on "public"."t"
create index concurrently i on t (a);
SET lock_timeout = '100ms';

-- 2. attach
BEGIN;
SET LOCAL lock_timeout = '30ms';
-- locks: ACCESS EXCLUSIVE on "public"."i"
alter index p attach partition i;
COMMIT;
)"));
}

TEST_CASE("an empty plan prints its notes, a refused step has failed")
{
    fake_clock time{instant{}};
    engine::environment around{.open = {}, .time = time, .random = [] { return 0.5; }};
    plan::plan p;
    p.notes = {"nothing to do"};
    auto const text = printed(around, std::move(p));
    CHECK(text.find("-- nothing to do\n") != std::string::npos);
    CHECK(text.find("SET ") == std::string::npos);
    engine::result r;
    auto const refused = printed(
        around, one(plan::refused_step("create x", "x", error{"the name is too long"})), &r);
    CHECK(refused.find("-- cannot be done: the name is too long\n") != std::string::npos);
    CHECK(r.steps[0].status == step_status::failed);
    CHECK(r.first_problem()->message() == "the name is too long");
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("db");

namespace {

void run_by_psql(workbench const &w, std::string const &script)
{
    auto const path = server_variable("DIR") + "/" + w.db.name() + ".sql";
    std::ofstream{path} << script;
    auto const command = server_variable("BIN") + "/psql -X -q -o /dev/null -d \"" + w.db.dsn() +
                         "\" -f " + path + " 2>&1";
    CHECK(std::system(command.c_str()) == 0);
    std::remove(path.c_str());
}

} // namespace

TEST_CASE("the script does in psql what the executor does, and printing it does nothing")
{
    workbench w;
    w.db.psql("create table t (i int, s text)");
    auto around = w.environment();
    around.settings.time_zone = "Africa/Kinshasa";
    auto const text = printed(around, example());
    CHECK(w.db.value("select count(*) from t") == "0");
    CHECK(text.find("-- nobody holds a conflicting lock right now\n") != std::string::npos);
    CHECK(text.find("PostgreSQL ") != std::string::npos);
    run_by_psql(w, text);
    auto const content = "select string_agg(i || ' ' || s, '|' order by i) from t";
    auto const by_psql = w.db.value(content);
    CHECK(by_psql == R"(1 it's \ $1|2 Africa/Kinshasa)");
    w.db.psql("truncate t");
    plan::plan first = example();
    first.steps.resize(2);
    CHECK(execute(around, std::move(first)).succeeded());
    CHECK(w.db.value(content) == by_psql);
}

TEST_CASE("the script leaves out what is done already, and what somebody is at work on")
{
    workbench w;
    w.db.psql("create table t (i int)");
    auto const script = [&] {
        auto drop = sql("drop index concurrently public.left_over",
                        {{R"("public"."t")", plan::lock_mode::share_update_exclusive}});
        drop.concurrently = true;
        drop.still_wanted = "select from pg_catalog.pg_class where relname = 'left_over'";
        auto insert = sql("insert into public.t values (1)");
        insert.still_wanted = "select 1 where not exists (select from public.t)";
        plan::plan p;
        p.steps.push_back(alone("drop", drop));
        p.steps.push_back(step("insert", {insert}));
        return printed(w.environment(), std::move(p));
    };
    auto const indexes = "select count(*) from pg_class where relname = 'left_over'";
    w.db.psql("create index left_over on t (i)");
    auto holder = w.db.connect();
    holder.begin();
    holder.run("lock table public.t in share update exclusive mode");
    run_by_psql(w, script());
    CHECK(w.db.value(indexes) == "1");
    CHECK(w.db.value("select count(*) from t") == "1");
    holder.rollback();
    run_by_psql(w, script());
    CHECK(w.db.value(indexes) == "0");
    CHECK(w.db.value("select count(*) from t") == "1");
    run_by_psql(w, script());
}

TEST_CASE("who is in the way right now is named")
{
    workbench w;
    w.db.psql("create table t (i int, s text)");
    auto holder = w.db.connect();
    holder.begin();
    holder.run("lock table t in share mode");
    auto const text = printed(w.environment(), example());
    CHECK(text.find("-- in the way right now: pid " + std::to_string(holder.backend_pid())) !=
          std::string::npos);
    CHECK(text.find("holds SHARE on public.t") != std::string::npos);
}

TEST_SUITE_END();
