// SPDX-License-Identifier: Apache-2.0
// VACUUM and ANALYZE on a real server.
#include <algorithm>
#include <doctest/doctest.h>

#include "catalog/load.hpp"
#include "support/apply.hpp"
#include "support/database.hpp"
#include "support/lists.hpp"
#include "support/own_server.hpp"
#include "vacuum/run.hpp"

using namespace pgtend;
using namespace pgtend::test;

namespace {

plan::plan plan_tables(pg::session &s, list const &names, bool analyze, bool vacuum = true)
{
    model::vacuum_action action;
    action.vacuum = vacuum;
    action.analyze = analyze;
    for (auto const &each : names) {
        action.tables.push_back(parse_qualified_name(each));
    }
    return vacuum::plan_run(action, catalog::load_vacuum_tables(s, action.tables, ""));
}

list problems(std::vector<applied> const &all)
{
    list out;
    for (auto const &each : all) {
        if (!each.problem.empty() || each.skipped) {
            out.push_back(each.title + ": " + each.problem);
        }
    }
    return out;
}

// Counters reach pg_stat when a session ends or is idle; this one is asked to send them now.
void flush(pg::session &s)
{
    s.run(s.server_version() >= 150000 ? "SELECT pg_stat_force_next_flush()"
                                       : "SELECT pg_sleep(1.1)");
    s.run("SELECT 1");
    if (s.server_version() < 150000) {
        s.run("SELECT pg_sleep(0.6)"); // the collector of 14 is a process of its own
    }
}

catalog::vacuum_table const &named(catalog::vacuum_snapshot const &all, std::string const &name)
{
    for (auto const &each : all.tables) {
        if (each.name.name == name) {
            return each;
        }
    }
    FAIL("no " << name);
    return all.tables.front();
}

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("a table with a limit of its own for its age is loaded, however young it is")
    {
        database const db;
        auto s = db.connect();
        s.run("CREATE TABLE own (a int) WITH (autovacuum_multixact_freeze_max_age = 10000)");
        s.run("CREATE TABLE young (a int)");
        auto const all = catalog::load_vacuum_tables(s, {}, "");
        CHECK(named(all, "own").age < 50e6);
        CHECK(std::none_of(all.tables.begin(), all.tables.end(),
                           [](auto const &each) { return each.name.name == "young"; }));
    }

    TEST_CASE("what the server counts is what is loaded")
    {
        database const db;
        auto s = db.connect();
        for (auto const *sql :
             {"CREATE TABLE t (a int, b text) WITH (autovacuum_enabled = off, "
              "autovacuum_vacuum_scale_factor = 0.5, "
              "toast.autovacuum_vacuum_threshold = 3, toast.autovacuum_enabled = off)",
              "ALTER TABLE t ALTER b SET STORAGE EXTERNAL",
              "INSERT INTO t SELECT n, repeat('x', 9000) FROM generate_series(1, 100) n", "flush",
              "VACUUM ANALYZE t", "DELETE FROM t WHERE a <= 40", "UPDATE t SET a = 0 WHERE a <= 60",
              "CREATE TEMP TABLE mine (a int)",
              "INSERT INTO mine SELECT generate_series(1, 1000)"}) {
            if (sql == std::string_view{"flush"}) {
                flush(s);
            } else {
                s.run(sql);
            }
        }
        flush(s);
        auto const all = catalog::load_vacuum_tables(s, {}, "");
        auto const t = named(all, "t");
        CHECK(all.settings.server_version == s.server_version());
        CHECK(all.settings.vacuum_max_threshold == (s.server_version() >= 180000 ? 100e6 : -1));
        CHECK(t.reltuples == 100);
        CHECK(t.dead == 60);
        CHECK(t.modified == 60);
        CHECK(t.inserted == 0);
        CHECK(t.toast_dead == 200); // 5 chunks of each of 40
        CHECK(t.last_vacuum);
        CHECK(t.last_analyze);
        CHECK(t.age > 0);
        CHECK(t.age < 1e9);
        CHECK(t.multixact_age < 1e9);
        CHECK(t.may);
        CHECK(std::find(t.options.begin(), t.options.end(),
                        "toast.autovacuum_vacuum_threshold=3") != t.options.end());
        if (s.server_version() >= 180000) {
            s.run("UPDATE pg_class SET relallfrozen = 7 WHERE relname = 't'");
            CHECK(named(catalog::load_vacuum_tables(s, {{"public", "t"}}, ""), "t").frozen_pages ==
                  7);
        }
        for (auto const &each : all.tables) {
            CHECK(each.name.name != "mine");
        }
    }

    TEST_CASE("what is due is done once, and then nothing is due")
    {
        // An autovacuum worker that analyzes something else keeps dead rows for its snapshot.
        test::own_server const server;
        server.psql("ALTER SYSTEM SET autovacuum = off");
        server.restart("fast");
        auto s = test::open(server.dsn());
        for (auto const *sql :
             {"CREATE TABLE quiet (a int) WITH (autovacuum_enabled = off)",
              "INSERT INTO quiet SELECT generate_series(1, 1000)",
              "CREATE TABLE busy (a int) WITH (autovacuum_enabled = off)",
              "INSERT INTO busy SELECT generate_series(1, 1000)",
              "CREATE TABLE p (a int, ts date) PARTITION BY RANGE (ts)",
              "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM ('2026-01-01') TO ('2027-01-01') "
              "WITH (autovacuum_enabled = off)",
              "INSERT INTO p SELECT n, '2026-05-05' FROM generate_series(1, 1000) n", "flush",
              "VACUUM ANALYZE", "DELETE FROM busy WHERE a <= 900",
              "DELETE FROM p WHERE a <= 600"}) {
            if (sql == std::string_view{"flush"}) {
                flush(s);
            } else {
                s.run(sql);
            }
        }
        flush(s);
        auto const only_mine = [&](plan::plan const &of) {
            list out;
            for (auto const &each : of.steps) {
                if (each.object.starts_with("public.")) {
                    out.push_back(each.title);
                }
            }
            return out;
        };
        auto const work = plan_tables(s, {}, true);
        CHECK(only_mine(work) == list{"vacuum and analyze public.busy",
                                      s.server_version() >= 180000 ? "vacuum and analyze public.p1"
                                                                   : "vacuum public.p1",
                                      "analyze public.p"});
        CHECK(problems(apply(work, s)) == list{});
        flush(s);
        CHECK(only_mine(plan_tables(s, {}, true)) == list{});
        CHECK(s.run("SELECT reltuples FROM pg_class WHERE relname = 'p'").text(0, std::size_t{0}) ==
              "400");
        CHECK(s.run("SELECT count(*) FROM pg_stats WHERE tablename = 'p' AND inherited")
                  .text(0, std::size_t{0}) == "2");
        CHECK(
            s.run("SELECT reltuples FROM pg_class WHERE relname = 'p1'").text(0, std::size_t{0}) ==
            "400");
    }

    TEST_CASE("named tables, whatever their name and kind")
    {
        database const db;
        auto s = db.connect();
        for (auto const *sql :
             {"CREATE SCHEMA \"s\"\"'\"", "CREATE TABLE \"s\"\"'\".\"a; --\n$x$\" (a int)",
              "CREATE MATERIALIZED VIEW m AS SELECT 1 AS a", "CREATE VIEW v AS SELECT 1 AS a",
              "CREATE TABLE p (ts date) PARTITION BY RANGE (ts)",
              "CREATE TABLE rest PARTITION OF p DEFAULT"}) {
            s.run(sql);
        }
        auto const work = plan_tables(s,
                                      {"\"s\"\"'\".\"a; --\n$x$\"", "public.m", "public.v",
                                       "public.nope", "pg_catalog.pg_class", "public.p"},
                                      true);
        CHECK(problems(apply(work, s)) ==
              list{"vacuum public.v: public.v is a view, not a table",
                   "vacuum public.nope: table public.nope does not exist"});
        flush(s);
        CHECK(s.run("SELECT count(*) FROM pg_stat_all_tables WHERE last_vacuum IS NOT NULL AND "
                    "relname IN ('m', 'rest', "
                    "'pg_class') OR schemaname LIKE 's\"%'")
                  .text(0, std::size_t{0}) == "4");
        // Each statement of the plan is one that the server accepts where the plan says it runs.
        CHECK(problems(apply(plan_tables(s, {"public.m", "public.p"}, true, false), s)) == list{});
    }

    TEST_CASE("a table that others inherit from: it alone, with statistics of all")
    {
        database const db;
        auto s = db.connect();
        db.psql("CREATE TABLE root (a int); CREATE TABLE child () INHERITS (root);"
                "INSERT INTO root SELECT generate_series(1, 100);"
                "INSERT INTO child SELECT generate_series(1, 500)");
        CHECK(problems(apply(plan_tables(s, {"public.root"}, true), s)) == list{});
        CHECK(problems(apply(plan_tables(s, {"public.root"}, true, false), s)) == list{});
        flush(s);
        CHECK(
            db.value("SELECT string_agg(concat_ws('/', relname, vacuum_count, analyze_count), ' ' "
                     "ORDER BY relname) FROM pg_stat_user_tables") == "child/0/0 root/1/2");
        CHECK(db.value("SELECT count(*) FROM pg_stats WHERE tablename = 'root' AND inherited") ==
              "1");
    }

    TEST_CASE("rights: of the table, of the database, and from 17 on MAINTAIN")
    {
        database const db;
        auto s = db.connect();
        auto const worker = "vacuum_worker_" + std::to_string(s.backend_pid());
        s.run("CREATE ROLE " + worker + " LOGIN");
        s.run("CREATE TABLE theirs (a int)");
        s.run("CREATE TABLE mine (a int)");
        s.run("ALTER TABLE mine OWNER TO " + worker);
        {
            auto w = open(db.dsn(worker));
            auto const done = [&] {
                return problems(apply(plan_tables(w, {"public.mine", "public.theirs"}, true), w));
            };
            CHECK(done() ==
                  list{"vacuum and analyze public.theirs: role " + worker +
                       " may not vacuum or analyze public.theirs: it belongs to postgres"});
            // The server only warns.
            w.run("VACUUM theirs");
            CHECK(w.take_notices().at(0).severity == "WARNING");
            if (s.server_version() >= 170000) {
                s.run("GRANT MAINTAIN ON theirs TO " + worker);
                CHECK(done() == list{});
                s.run("REVOKE MAINTAIN ON theirs FROM " + worker);
            }
            s.run("ALTER DATABASE " + db.name() + " OWNER TO " + worker);
            CHECK(done() == list{});
            // Shared catalogs are the superuser's all the same.
            CHECK(
                problems(apply(
                    plan_tables(w, {"pg_catalog.pg_database", "pg_catalog.pg_class"}, false), w)) ==
                list{"vacuum pg_catalog.pg_database: role " + worker +
                     " may not vacuum or analyze pg_catalog.pg_database: it belongs to postgres"});
            s.run("ALTER DATABASE " + db.name() + " OWNER TO postgres");
        }
        s.run("DROP OWNED BY " + worker);
        s.run("DROP ROLE " + worker);
    }
}
