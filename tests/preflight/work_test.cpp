// SPDX-License-Identifier: Apache-2.0
// Whether jobs of each kind can work: names, rights, policies, triggers, keys, indexes, views.
#include <algorithm>
#include <doctest/doctest.h>

#include "support.hpp"
#include "support/role.hpp"

using namespace pgtend;
using namespace pgtend::test;

namespace {

model::sql_action sql(std::string text, bool one_transaction = true)
{
    return {.text = std::move(text), .one_transaction = one_transaction};
}

model::watch_action watch(std::string query)
{
    return {.query = std::move(query), .key = {}};
}

list looked_at(scene &s, model::action what)
{
    s.all.jobs.clear();
    s.add(std::move(what));
    return s.look();
}

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("a table, a column, a type, a function that does not exist; a healthy job has none")
    {
        scene s{"CREATE TABLE public.t (id int, at timestamptz)"};
        s.cleanup("t", "at < now() - interval '7 days'");
        CHECK(s.look().empty());
        CHECK(s.report().jobs.at(0).verdict == "works");
        for (auto const *where :
             {"gone < now()", "at < gone()", "at < 'x'::gone", "id = 'seven'", "at = 7", "id +"}) {
            CAPTURE(where);
            s.all.jobs.clear();
            s.cleanup("t", where);
            CHECK(s.look() == list{"statement public.t"});
        }
        s.all.jobs.clear();
        s.cleanup("tt", "true");
        auto const missing = s.report();
        REQUIRE(missing.findings.size() == 1);
        CHECK(missing.findings[0].kind == preflight::kind::statement);
        CHECK(missing.findings[0].fix == "did you mean public.t?");
    }

    TEST_CASE("a job that fails hides none of the others, and a disabled one is not looked at")
    {
        scene s{"CREATE TABLE public.t (id int)"};
        s.add(sql("select 1/0 from public.gone"), "first").enabled = true;
        s.cleanup("t", "gone = 1").name = "second";
        s.cleanup("t", "id = 1").name = "third";
        s.add(sql("select gone()"), "fourth").enabled = false;
        auto const found = s.report();
        std::string verdicts;
        for (auto const &each : found.jobs) {
            verdicts += each.job + "=" + std::string{each.verdict} + " ";
        }
        CHECK(verdicts == "first=fails second=fails third=works fourth=disabled ");
    }

    TEST_CASE("nothing is executed, whatever the text of a job tries")
    {
        scene s{"CREATE TABLE public.t (id int); CREATE FUNCTION public.wipe() RETURNS int "
                "LANGUAGE sql VOLATILE AS 'DELETE FROM public.t RETURNING 1'; INSERT INTO public.t "
                "VALUES (1)"};
        for (auto const *text : {"select public.wipe()", "delete from public.t",
                                 "with x as (delete from public.t returning 1) select * from x",
                                 "do $$ begin delete from public.t; end $$", "truncate public.t",
                                 "explain analyze delete from public.t"}) {
            s.add(sql(text), "job-" + std::to_string(s.all.jobs.size()));
        }
        s.add(sql("select 1; drop table public.t; select 2"));
        s.cleanup("t", "public.wipe() > 0");
        s.report();
        CHECK(s.db.value("SELECT count(*) FROM public.t") == "1");
        // Also when it did not pass the lexer that splits it.
        auto session = s.db.connect();
        session.begin(pg::isolation::read_committed, true);
        CHECK_THROWS(session.parse("select 1; drop table public.t"));
        session.rollback();
        CHECK(s.db.value("SELECT count(*) FROM public.t") == "1");
    }

    TEST_CASE("privileges: of the role of the job, with the GRANT that is enough")
    {
        scene s{"CREATE TABLE public.t (id int, at timestamptz)"};
        auto session = s.db.connect();
        test::role worker{session, "worker"};
        s.cleanup("t", "id = 1").policy.role = worker.name();
        auto const denied = s.report();
        REQUIRE(denied.findings.size() == 1);
        CHECK(denied.findings[0].kind == preflight::kind::privilege);
        CHECK(denied.findings[0].fix.starts_with("GRANT "));
        s.db.psql(denied.findings[0].fix);
        CHECK(s.look().empty());
        s.all.jobs[0].policy.role = "nobody_of_this_name";
        CHECK(s.look() == list{"statement job"});
    }

    TEST_CASE("a role that the login may not take, and what it may not see")
    {
        scene s{"CREATE TABLE public.t (id int)"};
        auto owner = s.db.connect();
        test::role login{owner, "login", "LOGIN"}, worker{owner, "worker"};
        owner.run("GRANT SELECT, DELETE ON public.t TO " + worker.name() + ", " + login.name());
        s.cleanup("t", "id = 1").policy.role = worker.name();
        auto bare = test::open(s.db.dsn(login.name()));
        auto const denied = s.report(bare);
        REQUIRE(!denied.findings.empty());
        CHECK(denied.findings[0].kind == preflight::kind::privilege);
        CHECK(denied.findings[0].fix.find("GRANT \"" + worker.name() + "\" TO") == 0);
        s.all.jobs[0].policy.role.clear();
        CHECK(scene::lines(s.report(bare)).empty());
    }

    TEST_CASE("policies that hide rows from the job's role; its owner sees all")
    {
        scene s{"CREATE TABLE public.t (id int); ALTER TABLE public.t ENABLE ROW LEVEL SECURITY; "
                "CREATE POLICY p ON public.t USING (id > 1)"};
        auto session = s.db.connect();
        test::role worker{session, "worker"};
        session.run("GRANT SELECT, DELETE ON public.t TO " + worker.name());
        s.cleanup("t", "id = 1");
        CHECK(s.look().empty());
        s.all.jobs[0].policy.role = worker.name();
        auto const hidden = s.report();
        CHECK(scene::lines(hidden) == list{"policy public.t"});
        CHECK(hidden.findings.at(0).fix.starts_with("role: the owner of the table"));
        s.all.jobs[0].policy.row_security = true;
        CHECK(s.look() == list{"hidden public.t"});
        s.all.jobs.clear();
        s.add(sql("delete from public.t")).policy.role = worker.name();
        CHECK(s.look() == list{"policy sql"});
    }

    TEST_CASE("row triggers that do not find their tables, that write others, that do neither")
    {
        scene s{"CREATE SCHEMA app; CREATE TABLE app.log (id int); CREATE TABLE public.t (id int, "
                "b int); CREATE FUNCTION app.f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                "INSERT INTO log VALUES (old.id); RETURN old; END $$; CREATE TRIGGER f AFTER "
                "DELETE OR UPDATE OF b ON public.t FOR EACH ROW EXECUTE FUNCTION app.f()"};
        s.cleanup("t", "id = 1");
        CHECK(s.look() == list{"trigger public.t"});
        s.all.jobs[0].policy.search_path = "app";
        CHECK(s.look() == list{"multiplied public.t"});
        s.all.jobs.clear();
        s.expire("t", "id = 1", {set("id", "2")}); // it does not fire
        CHECK(s.look().empty());
        s.all.jobs.clear();
        s.expire("t", "id = 1", {set("b", "2")});
        CHECK(s.look() == list{"trigger public.t"});
        s.db.psql("ALTER FUNCTION app.f() SET search_path = app");
        CHECK(s.look() == list{"multiplied public.t"});
        s.db.psql("ALTER TABLE public.t DISABLE TRIGGER f");
        CHECK(s.look().empty());
    }

    TEST_CASE("foreign keys to the table: without an index, cascading")
    {
        scene s{"CREATE TABLE public.t (id int PRIMARY KEY); CREATE TABLE public.c (t int "
                "REFERENCES public.t); INSERT INTO public.t SELECT generate_series(1, 2000); "
                "INSERT INTO public.c SELECT generate_series(1, 2000)"};
        s.db.psql("ANALYZE public.c");
        s.cleanup("t", "id = 1");
        auto const slow = s.report();
        CHECK(scene::lines(slow) == list{"cascade public.t"});
        s.db.psql(slow.findings.at(0).fix);
        CHECK(s.look().empty());
        s.db.psql("CREATE TABLE public.d (t int REFERENCES public.t ON DELETE CASCADE)");
        CHECK(s.look() == list{"multiplied public.t"});
    }

    TEST_CASE("a large table without an index for its few rows")
    {
        scene s{"CREATE TABLE public.t (id int, state text); INSERT INTO public.t SELECT i, CASE "
                "WHEN i % 1000 = 0 THEN 'old' ELSE 'new' END FROM generate_series(1, 120000) i"};
        s.db.psql("ANALYZE public.t");
        s.cleanup("t", "state = 'old'");
        auto const slow = s.report();
        CHECK(scene::lines(slow) == list{"index public.t"});
        CHECK(slow.findings.at(0).fix.ends_with("on: \"(state)\" }"));
        CHECK(slow.jobs.at(0).rows.value_or(0) > 0);
        s.db.psql("CREATE INDEX ON public.t (state)");
        CHECK(s.look().empty());
        s.all.jobs.clear();
        s.cleanup("t", "id % 2 >= 0"); // about all of them: no index would help
        CHECK(s.look().empty());
    }

    TEST_CASE("conditions that are never true: by CHECK, by enum, by themselves, by what there is")
    {
        scene s{"CREATE TYPE public.mood AS ENUM ('good'); CREATE TABLE public.t (id int, state "
                "text CHECK (state IN ('a', 'b')), m public.mood, kind text); INSERT INTO public.t "
                "SELECT i, 'a', 'good', 'seen' FROM generate_series(1, 50) i"};
        s.db.psql("ANALYZE public.t");
        auto const at = [&](std::string const &where) {
            s.all.jobs.clear();
            s.cleanup("t", where);
            return s.look();
        };
        CHECK(at("state = 'c'") == list{"never public.t"});
        CHECK(at("state = 'b'").empty()); // may still come
        CHECK(at("id > 5 and id < 3") == list{"never public.t"});
        CHECK(at("false") == list{"never public.t"});
        CHECK(at("m = 'bad'") == list{"statement public.t"});
        CHECK(at("kind = 'unseen'") == list{"never public.t.kind"});
        CHECK(at("kind = 'seen'").empty());
        s.db.psql("CREATE FUNCTION public.w() RETURNS text LANGUAGE sql AS $$ SELECT 'unseen' $$");
        CHECK(at("kind = 'unseen'").empty()); // somebody writes it
        CHECK(
            looked_at(s, watch("select id from public.t where state = 'c' union all select id from "
                               "public.t where state = 'd'")) == list{"never watch"});
        CHECK(looked_at(s, watch("select id from public.t where state = 'a'")).empty());
        CHECK(looked_at(
                  s, watch("select id, lag(id) over (order by id) from public.t where state = 'c' "
                           "order by id limit 5")) == list{"never watch"});
        CHECK(looked_at(s, watch("select count(*) from public.t where state = 'c'")).empty());
        CHECK(looked_at(s, watch("select id from public.t x where x.kind = 'other'")) ==
              list{"never public.t.kind"});
    }

    TEST_CASE(
        "a partitioned table: without partitions it is no contradiction, with CHECKs it may be")
    {
        scene s{
            "CREATE TABLE public.p (at date NOT NULL, state text CHECK (state = 'a')) PARTITION "
            "BY RANGE (at)"};
        auto const at = [&](std::string const &where) {
            s.all.jobs.clear();
            s.cleanup("p", where);
            return s.look();
        };
        CHECK(at("at < '2020-01-01'").empty());
        CHECK(at("state = 'b'").empty());
        CHECK(looked_at(s, watch("select at from public.p where state = 'a'")).empty());
        s.db.psql("CREATE TABLE public.p1 PARTITION OF public.p FOR VALUES FROM ('2026-01-01') TO "
                  "('2027-01-01')");
        CHECK(at("at < '2020-01-01'").empty()); // its bounds are no reason
        CHECK(at("state = 'b'") == list{"never public.p"});
    }

    TEST_CASE(
        "sql: each statement, what it needs, what an earlier one makes, what is not looked at")
    {
        scene s{"CREATE TABLE public.t (id int, state text CHECK (state = 'a'))"};
        CHECK(looked_at(s, sql("update public.t set state = 'a' where id = 1; select count(*) from "
                               "public.t"))
                  .empty());
        CHECK(looked_at(s, sql("update public.t set stat = 'a'")) == list{"statement sql"});
        CHECK(looked_at(s, sql("select 1; insert into public.gone values (1)")) ==
              list{"statement statement 2"});
        CHECK(looked_at(s, sql("selec 1")) == list{"statement sql"});
        CHECK(looked_at(s, sql("truncate public.gone")) == list{"statement sql"});
        CHECK(looked_at(s, sql("truncate public.t")).empty());
        auto const later = looked_at(s, sql("create table public.n (id int); insert into public.n "
                                            "values (1)"));
        REQUIRE(later.size() == 1);
        CHECK(later[0].starts_with("unknown statement: statement 2 after those before it"));
        auto const block = looked_at(s, sql("do $$ begin perform gone(); end $$"));
        REQUIRE(block.size() == 1);
        CHECK(block[0].starts_with("unknown statement: a run"));
        CHECK(looked_at(s, sql("select id from public.t where state = 'b'")) == list{"never sql"});
    }

    TEST_CASE("watch: its query, where it tells, and what it leaves out")
    {
        scene s{"CREATE TABLE public.t (id int, at timestamptz); CREATE TABLE public.alerts (key "
                "text, body text NOT NULL, seen bool NOT NULL DEFAULT false, lang text NOT NULL); "
                "CREATE FUNCTION public.l() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN new.lang "
                ":= 'fr'; RETURN new; END $$; CREATE TRIGGER l BEFORE INSERT ON public.alerts FOR "
                "EACH ROW EXECUTE FUNCTION public.l()"};
        auto one = watch("select 'x' || id as key, 'b'::text as body from public.t");
        one.key = "key";
        one.insert_into = {"public", "alerts"};
        one.columns = {"key", "body"};
        CHECK(looked_at(s, one).empty());
        one.columns = {"key"};
        CHECK(looked_at(s, one) == list{"refused public.alerts.body"});
        one.columns = {"key", "bod"};
        CHECK(looked_at(s, one) == list{"statement watch", "refused public.alerts.body"});
        one.columns = {"key", "body"};
        s.db.psql("CREATE DOMAIN public.word AS text NOT NULL DEFAULT 'x'; ALTER TABLE "
                  "public.alerts ADD mood public.word");
        CHECK(looked_at(s, one).empty()); // the domain's default
        s.db.psql("ALTER DOMAIN public.word DROP DEFAULT");
        CHECK(looked_at(s, one) == list{"refused public.alerts.mood"});
    }

    TEST_CASE("views: missing, never filled, without a unique index, by whom")
    {
        scene s{"CREATE MATERIALIZED VIEW public.v AS SELECT 1 AS a WITH NO DATA"};
        auto const refresh = [&](model::concurrently mode) {
            return looked_at(s, model::refresh_action{.matviews = {{"public", "v"}}, .mode = mode});
        };
        using mode = model::concurrently;
        CHECK(refresh(mode::automatic) == list{"readers public.v"});
        CHECK(refresh(mode::yes) == list{"obstacle public.v"});
        s.db.psql("REFRESH MATERIALIZED VIEW public.v");
        CHECK(refresh(mode::automatic) == list{"readers public.v"});
        CHECK(refresh(mode::no).empty());
        s.db.psql("CREATE UNIQUE INDEX ON public.v (a)");
        CHECK(refresh(mode::automatic).empty());
        CHECK(refresh(mode::yes).empty());
        auto session = s.db.connect();
        test::role worker{session, "worker"};
        s.all.jobs[0].policy.role = worker.name();
        CHECK(s.look() == list{"privilege public.v"});
        CHECK(looked_at(s, model::refresh_action{.matviews = {{"public", "w"}}}) ==
              list{"statement public.w"});
    }

    TEST_CASE("vacuum: the table, the right; through a pooler in transaction mode not at all")
    {
        scene s{"CREATE TABLE public.t (id int)"};
        model::vacuum_action const vacuum{.tables = {{"public", "t"}}};
        CHECK(looked_at(s, vacuum).empty());
        CHECK(looked_at(s, model::vacuum_action{.tables = {{"public", "gone"}}}).size() == 1);
        auto session = s.db.connect();
        test::role worker{session, "worker"};
        looked_at(s, vacuum);
        s.all.jobs[0].policy.role = worker.name();
        CHECK(s.look() == list{"privilege public.t"});
        s.all.jobs[0].policy.role.clear();
        s.transaction_pooler = true;
        CHECK(s.look() == list{"transaction vacuum"});
        CHECK(looked_at(s, sql("vacuum public.t; vacuum public.t", false)) ==
              list{"transaction sql"});
        CHECK(looked_at(s, sql("select 1")).empty());
    }

    TEST_CASE("what cannot be had in time is unknown, and nobody waits for it or behind it")
    {
        scene s{"CREATE TABLE public.t (id int)"};
        s.cleanup("t", "id = 1");
        s.cleanup("t", "id = 2").name = "other";
        auto holder = s.db.connect();
        holder.begin();
        holder.run("LOCK TABLE public.t");
        auto const begin = std::chrono::steady_clock::now();
        auto const found = s.report();
        CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds{3});
        CHECK(found.findings.empty());
        holder.rollback();
        CHECK(s.look().empty());
        REQUIRE(found.unknowns.size() >= 2);
        CHECK(found.unknowns[0].needs.find("55P03") != std::string::npos);
        for (auto const &each : found.jobs) {
            CHECK(each.verdict == "unknown");
        }
    }

    TEST_CASE("pg_cron and pg_partman that do the same")
    {
        scene s{"CREATE TABLE public.t (id int); CREATE SCHEMA cron; CREATE TABLE cron.job (jobid "
                "bigint, schedule text, command text, database text DEFAULT current_database(), "
                "active bool DEFAULT true); CREATE SCHEMA partman; CREATE TABLE "
                "partman.part_config (parent_table text, automatic_maintenance text DEFAULT 'on'); "
                "INSERT INTO partman.part_config VALUES ('public.p')"};
        s.cleanup("t", "id = 1");
        s.db.psql("INSERT INTO cron.job VALUES (1, '* * * * *', 'delete from other.t', "
                  "current_database()), (2, '* * * "
                  "* *', 'DELETE FROM t WHERE id = 1', 'elsewhere')");
        CHECK(s.look().empty());
        s.db.psql("INSERT INTO cron.job VALUES (7, '* * * * *', 'DELETE FROM t WHERE id = 1')");
        auto const twice = s.report();
        CHECK(scene::lines(twice) == list{"twice cron.job 7"});
        CHECK(twice.findings.at(0).fix.starts_with("SELECT cron.unschedule(7)"));
        s.db.psql("UPDATE cron.job SET active = false");
        CHECK(s.look().empty());

        auto session = s.db.connect();
        test::role login{session, "login", "LOGIN"};
        session.run("GRANT SELECT, DELETE ON public.t TO " + login.name());
        auto bare = test::open(s.db.dsn(login.name()));
        CHECK(scene::lines(s.report(bare)) == list{"unknown twice: SELECT on cron.job",
                                                   "unknown twice: SELECT on partman.part_config"});
        session.batch("ALTER TABLE cron.job ENABLE ROW LEVEL SECURITY; GRANT USAGE ON SCHEMA cron, "
                      "partman TO " +
                      login.name() +
                      "; GRANT SELECT ON cron.job, "
                      "partman.part_config TO " +
                      login.name());
        CHECK(scene::lines(s.report(bare)) ==
              list{"unknown twice: a superuser: policies hide rows of cron.job"});

        s.db.psql("CREATE TABLE public.p (at timestamptz NOT NULL) PARTITION BY RANGE (at)");
        model::partition_policy policy;
        policy.table = {"public", "p"};
        policy.key = "at";
        s.all.partitions = {policy};
        auto const made = looked_at(s, model::partition_action{});
        CHECK(std::find(made.begin(), made.end(), "twice public.p") != made.end());
        s.db.psql("UPDATE partman.part_config SET automatic_maintenance = 'off'");
        auto const alone = looked_at(s, model::partition_action{});
        CHECK(std::find(alone.begin(), alone.end(), "twice public.p") == alone.end());
    }

    TEST_CASE("the table of a scheduler that anybody may have made is not read: no code of its "
              "owner runs")
    {
        scene s{"CREATE TABLE public.t (id int)"};
        s.cleanup("t", "id = 1");
        auto session = s.db.connect();
        test::role const mallory{session, "mallory", "LOGIN"};
        session.run("CREATE SCHEMA theirs AUTHORIZATION " + mallory.name());
        auto theirs = test::open(s.db.dsn(mallory.name()));
        theirs.batch(
            "CREATE TYPE theirs.e AS ENUM ('a'); CREATE FUNCTION theirs.f(theirs.e) RETURNS json "
            "LANGUAGE plpgsql AS 'BEGIN RAISE ''called as %'', current_user; END'; CREATE CAST "
            "(theirs.e AS json) WITH FUNCTION theirs.f(theirs.e); CREATE TABLE theirs.part_config "
            "(parent_table text, e theirs.e); INSERT INTO theirs.part_config VALUES ('a.b', 'a')");
        auto const found = s.look();
        REQUIRE(found.size() == 1);
        CHECK(found[0] == "unknown twice: theirs.part_config of a superuser or of this role: it "
                          "belongs to " +
                              mallory.name() + ", whose code may run when it is read");
    }
}
