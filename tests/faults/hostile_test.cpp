// SPDX-License-Identifier: Apache-2.0
// Databases in which somebody else may create things, and means harm.
#include <cstdlib>
#include <doctest/doctest.h>
#include <filesystem>

#include "support/ground.hpp"
#include "support/hour.hpp"

using namespace pgtend;
using test::before;
using test::due;
using test::has;
using test::later;

namespace {

// A schema with all that a statement may mean when it does not say which schema it means: operators
// and functions that fail when they are called, types that refuse each value, tables without rows.
std::string traps(std::string const &schema)
{
    std::string out = "CREATE SCHEMA IF NOT EXISTS " + schema + ";";
    auto const function = [&](std::string const &signature, std::string const &result) {
        out += "CREATE FUNCTION " + schema + "." + signature + " RETURNS " + result +
               " LANGUAGE plpgsql AS $$ BEGIN RAISE 'hijacked'; END $$;";
    };
    for (auto const *call : {"now() timestamptz",
                             "clock_timestamp() timestamptz",
                             "pg_backend_pid() int",
                             "current_setting(text) text",
                             "current_setting(text,bool) text",
                             "set_config(text,text,bool) text",
                             "format_type(oid,int) text",
                             "to_regclass(text) regclass",
                             "pg_get_expr(pg_node_tree,oid) text",
                             "quote_ident(text) text",
                             "lower(text) text",
                             "to_timestamp(double precision) timestamptz",
                             "pg_get_userbyid(oid) name",
                             "has_table_privilege(oid,text) bool",
                             "pg_has_role(oid,text) bool",
                             "pg_is_in_recovery() bool",
                             "pg_relation_size(regclass) bigint",
                             "pg_total_relation_size(regclass) bigint",
                             "pg_current_xact_id() xid8",
                             "string_to_array(text,text) text[]",
                             "array_position(anyarray,anyelement) int",
                             "unnest(anyarray) setof anyelement",
                             "generate_subscripts(anyarray,int) setof int",
                             "age(xid) int",
                             "pg_xact_status(xid8) text"}) {
        std::string const text{call};
        auto const gap = text.find(") ") + 1;
        auto const returned = text.substr(gap + 1);
        if (!returned.starts_with("setof")) {
            function(text.substr(0, gap), returned);
        }
    }
    for (auto const *type : {"text", "name", "oid", "int", "bigint", "bool", "timestamptz",
                             "\"char\"", "xid", "interval", "regclass"}) {
        std::string const t{type};
        auto const helper = "trap_" + std::to_string(out.size());
        function(helper + "(" + t + ", " + t + ")", "bool");
        for (auto const *op : {"=", "<>", "<", ">", "<=", ">="}) {
            out += "CREATE OPERATOR " + schema + "." + op + " (LEFTARG = " + t +
                   ", RIGHTARG = " + t + ", FUNCTION = " + schema + "." + helper + ");";
        }
    }
    function("trap_plus(timestamptz, interval)", "timestamptz");
    out += "CREATE OPERATOR " + schema +
           ".+ (LEFTARG = timestamptz, RIGHTARG = interval, FUNCTION "
           "= " +
           schema + ".trap_plus);";
    function("trap_join(text, text)", "text");
    out += "CREATE OPERATOR " + schema +
           ".|| (LEFTARG = text, RIGHTARG = text, FUNCTION = " + schema + ".trap_join);";
    for (auto const *table :
         {"pg_class", "pg_namespace", "pg_roles", "pg_inherits", "pg_attribute", "pg_index",
          "pg_locks", "pg_stat_activity", "lease", "run", "meta", "runner"}) {
        out += "CREATE TABLE " + schema + "." + table + " (n pg_catalog.int4);";
    }
    // Last: from here on such a name is no built-in type any more where this schema comes first.
    for (auto const *type : {"text", "name", "oid", "timestamptz", "regclass", "jsonb"}) {
        out +=
            "CREATE DOMAIN " + schema + "." + type + " AS pg_catalog." + type + " CHECK (false);";
    }
    return out;
}

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("F31: a search_path that begins with somebody else's schema: nothing of pgtend's own "
              "is looked up in it")
    {
        test::ground g{
            "  - { name: parts, schedule: \"0 * * * *\", partition: {} }\n"
            "  - { name: clean, schedule: \"0 * * * *\", cleanup: { table: public.old_rows, where: "
            "\"old\", batch_rows: 10 } }\n"
            "  - { name: expire, schedule: \"0 * * * *\", expire: { table: public.bookings, where: "
            "\"not done\", set: { done: true } } }\n"
            "  - { name: vacuum, schedule: \"0 * * * *\", vacuum: { tables: [public.old_rows], "
            "analyze: true } }\n"
            "  - { name: view, schedule: \"0 * * * *\", refresh: { matviews: [public.view, "
            "public.above] } }\n"
            "  - { name: own, schedule: \"0 * * * *\", sql: { text: \"insert into public.hit "
            "values (1)\" } }\n"
            "  - { name: safe, schedule: \"0 * * * *\", search_path: \"\", cleanup: { table: "
            "public.more, where: \"at < now()\" } }\n",
            "partitions:\n  - { table: public.orders, key: at, every: month, from: 2026-01, "
            "premake: 1 }\n"};
        g.db.psql(
            "CREATE TABLE orders (id int, at timestamptz NOT NULL) PARTITION BY RANGE (at);"
            "CREATE TABLE orders_rest PARTITION OF orders DEFAULT;"
            "CREATE TABLE old_rows AS SELECT g AS id, g % 2 = 0 AS old FROM generate_series(1, "
            "100) g; ALTER TABLE old_rows ADD PRIMARY KEY (id);"
            "CREATE TABLE bookings AS SELECT g AS id, false AS done FROM generate_series(1, 10) g;"
            "CREATE TABLE more AS SELECT g AS id, now() AS at FROM generate_series(1, 10) g;"
            "CREATE TABLE hit (n int);"
            "CREATE MATERIALIZED VIEW view AS SELECT id FROM old_rows; CREATE UNIQUE INDEX ON view "
            "(id);"
            "CREATE MATERIALIZED VIEW above AS SELECT count(*) FROM view;" +
            traps("evil"));
        REQUIRE(g.tick(before).code == 0);
        g.db.psql("ALTER DATABASE " + g.db.name() + " SET search_path = evil, pg_catalog, public");
        auto const succeeds = [&](std::vector<std::string> const &command) {
            CAPTURE(command.front());
            auto const done = g.run(command);
            CHECK_MESSAGE(done.code == 0, done.err);
            CHECK(!has(done.out + done.err, "hijacked"));
        };
        succeeds({"tick", "--now", due});
        for (auto const *job : {"parts", "clean", "expire", "vacuum", "view", "own", "safe"}) {
            CAPTURE(job);
            auto s = g.db.connect();
            s.run("SET search_path = ''");
            CHECK(s.run("SELECT string_agg(status || ' ' || error, ', ') FROM pgtend.run WHERE job "
                        "= '" +
                        std::string{job} + "'")
                      .text(0, 0) == "succeeded ");
        }
        succeeds({"init"});
        succeeds({"job", "list"});
        succeeds({"job", "show", "clean"});
        succeeds({"job", "history"});
        succeeds({"job", "pause", "clean"});
        succeeds({"job", "resume", "clean"});
        succeeds({"job", "run", "view"});
        succeeds({"partition", "create"});
        succeeds({"matview", "refresh", "public.view"});
        succeeds({"vacuum", "run", "public.old_rows"});
        succeeds({"cleanup", "public.old_rows", "--where", "not old"});
        succeeds({"tick", "--now", later});
        succeeds({"init", "--remove"});
    }

    TEST_CASE("F31: schemas of the search_path in which others may create things are told, for "
              "jobs that look names up")
    {
        test::ground g{
            "  - { name: own, schedule: \"0 * * * *\", sql: { text: \"select 1\" } }\n"
            "  - { name: safe, schedule: \"0 * * * *\", search_path: \"\", sql: { text: \"select "
            "1\" } }\n"
            "  - { name: named, schedule: \"0 * * * *\", search_path: \"pg_catalog, shared\", "
            "cleanup: { table: public.t, where: \"true\" } }\n"
            "  - { name: none, schedule: \"0 * * * *\", vacuum: { tables: [public.t] } }\n"};
        auto const role = g.db.name() + "_other";
        g.db.psql("CREATE TABLE t (n int); CREATE ROLE " + role +
                  "; CREATE SCHEMA theirs AUTHORIZATION " + role +
                  "; CREATE SCHEMA shared; GRANT CREATE ON SCHEMA shared TO PUBLIC; CREATE SCHEMA "
                  "ours; ALTER DATABASE " +
                  g.db.name() + " SET search_path = ours, theirs, shared");
        REQUIRE(g.tick(before).code == 0);
        CHECK(g.tick(due).code == 0);
        auto const said = [&](std::string const &job) {
            return g.db.value("SELECT output FROM pgtend.run WHERE job = '" + job + "'");
        };
        CHECK(has(said("own"), "warning: in theirs, a schema of the search_path, " + role));
        CHECK(has(said("own"), "warning: in shared, a schema of the search_path, PUBLIC"));
        CHECK(!has(said("own"), "in ours"));
        CHECK(said("safe") == "");
        CHECK(has(said("named"), "in shared"));
        CHECK(!has(said("named"), "theirs"));
        CHECK(said("none") == "");
        CHECK(has(g.run({"init"}).out, "is a superuser"));
        g.db.psql("DROP OWNED BY " + role + "; DROP ROLE " + role);
    }

    TEST_CASE("F31: a hostile DELETE trigger: its settings reach nothing of pgtend's, and it gets "
              "no rights that the login has not")
    {
        test::ground g{"  - { name: clean, schedule: \"0 * * * *\", cleanup: { table: public.t, "
                       "where: \"old\", batch_rows: 10 } }\n"
                       "  - { name: grab, schedule: \"0 * * * *\", cleanup: { table: public.u, "
                       "where: \"true\" } }\n"};
        auto const role = g.db.name() + "_plain";
        g.db.psql(
            "CREATE TABLE t AS SELECT g AS id, g % 2 = 0 AS old FROM generate_series(1, 200) g; "
            "ALTER TABLE t ADD "
            "PRIMARY KEY (id); CREATE TABLE u AS SELECT 1 AS id;"
            "CREATE FUNCTION leave() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM "
            "pg_catalog.set_config('search_path', 'evil, pg_catalog', false), "
            "pg_catalog.set_config('TimeZone', 'Asia/Tokyo', false); RETURN OLD; END $$;"
            "CREATE TRIGGER leave BEFORE DELETE ON t FOR EACH ROW EXECUTE FUNCTION leave();"
            "CREATE FUNCTION grab() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'RESET "
            "ROLE'; EXECUTE pg_catalog.format('ALTER ROLE %I SUPERUSER', session_user); RETURN "
            "OLD; END $$;"
            "CREATE TRIGGER grab BEFORE DELETE ON u FOR EACH ROW EXECUTE FUNCTION grab();" +
            traps("evil") + "SET search_path TO DEFAULT; CREATE ROLE " + role +
            " LOGIN; GRANT ALL ON ALL TABLES IN SCHEMA public, pgtend TO " + role +
            "; GRANT USAGE ON SCHEMA evil, public, pgtend TO " + role);
        auto const tick = [&](std::string const &now) {
            return test::pgtend({"-c", g.config, "-d", g.db.dsn(role), "tick", "--now", now});
        };
        REQUIRE(tick(before).code == 0);
        auto const done = tick(due);
        CHECK(done.code == 1);
        CHECK_MESSAGE(!has(done.err, "hijacked"), done.err);
        CHECK(g.runs("clean") == "succeeded/1");
        CHECK(g.count("SELECT count(*) FROM t") == 100);
        CHECK(g.runs("grab") == "failed/1");
        CHECK(g.db.value("SELECT sqlstate FROM pgtend.run WHERE job = 'grab'") == "42501");
        CHECK(g.db.value("SELECT rolsuper FROM pg_roles WHERE rolname = '" + role + "'") == "f");
        CHECK(g.count("SELECT count(*) FROM u") == 1);
        g.db.psql("DROP OWNED BY " + role + "; DROP ROLE " + role);
    }

    TEST_CASE("F34: pgtend makes no file: not where it runs, not at home, not for its log")
    {
        test::ground g{"  - { name: j, schedule: \"0 * * * *\", sql: { text: \"select 1\" } }\n"};
        test::scratch around;
        auto const &here = around.path();
        auto const run = [&](std::string const &command) {
            auto const line = "cd '" + here + "' && HOME='" + here + "' TMPDIR='" + here +
                              "' XDG_STATE_HOME='" + here + "' " + std::getenv("PGTEND_BINARY") +
                              " -v -c '" + g.config + "' " + command + " >/dev/null 2>&1";
            return std::system(line.c_str());
        };
        CHECK(run("tick --now " + std::string{before}) == 0);
        CHECK(run("tick --now " + std::string{due}) == 0);
        for (auto const *command :
             {"init", "job list", "job run j", "-o json job history", "job pause j",
              "schedule check", "partition create", "--dry-run cleanup public.t --where true"}) {
            run(command);
        }
        CHECK(std::filesystem::is_empty(here));
    }
}
