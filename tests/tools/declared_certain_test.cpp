// SPDX-License-Identifier: Apache-2.0
// plan and apply say "as declared" only of what was looked at, and one section's trouble stops no
// other.
#include <csignal>
#include <doctest/doctest.h>

#include "support/ground.hpp"
#include "support/hour.hpp"
#include "support/lists.hpp"
#include "support/role.hpp"

using namespace pgtend;
using test::ground;
using test::has;
using test::list;

namespace {

constexpr char index_parameters_and_view[] =
    "indexes:\n  - { table: public.t, name: t_a, on: (a) }\n"
    "autovacuum:\n  - { tables: [public.t], vacuum_scale_factor: 0.05 }\n"
    "matviews:\n  - { name: public.v, query: select a from public.t }\n";
constexpr char one_column_table[] = "CREATE TABLE t (a int)";

// As another role.
test::finished as_role(ground const &g, test::role const &who, std::vector<std::string> args)
{
    args.insert(args.begin(), {"-c", g.config, "-d", g.db.dsn(who.name())});
    return test::pgtend(args);
}

} // namespace

TEST_SUITE("db")
{
    TEST_CASE(
        "F28: a role that may not use the ledger is told so of the parameters, and the rest is "
        "planned and done")
    {
        ground const g{"", index_parameters_and_view};
        g.db.psql(one_column_table);
        auto s = g.db.connect();
        test::role const owner{s, "ledgerless", "LOGIN"};
        g.db.psql("ALTER TABLE t OWNER TO " + owner.name() + "; GRANT CREATE ON SCHEMA public TO " +
                  owner.name());
        auto const planned = as_role(g, owner, {"plan"});
        CHECK_MESSAGE(planned.code == 3, planned.err);
        CHECK(has(planned.out, "this role may not use the ledger"));
        CHECK(has(planned.out, "pgtend init --print-grants"));
        CHECK(has(planned.out, "create index public.t_a on public.t"));
        auto const applied = as_role(g, owner, {"apply", "--yes"});
        CHECK(applied.code == 1);
        CHECK(has(applied.err, "this role may not use the ledger"));
        CHECK(g.count("SELECT count(*) FROM pg_class WHERE relname IN ('t_a', 'v')") == 2);
        CHECK(g.count("SELECT count(*) FROM pg_class WHERE relname = 't' AND reloptions IS NULL") ==
              1);
        auto const status = as_role(g, owner, {"autovacuum", "status"});
        CHECK_MESSAGE(status.code == 3, status.err);
        CHECK(
            has(status.out, "what pgtend has set is not known: this role may not use the ledger"));
        CHECK(has(status.out, "differs"));
    }

    TEST_CASE(
        "a parameter that somebody changed since is a difference: told, left, and fails apply")
    {
        ground const g{"", index_parameters_and_view};
        g.db.psql(one_column_table);
        REQUIRE(g.run({"apply", "--yes"}).code == 0);
        CHECK(g.run({"plan"}).code == 0);
        g.db.psql("ALTER TABLE t SET (autovacuum_vacuum_scale_factor = 0.4)");
        auto const planned = g.run({"plan"});
        CHECK(planned.code == 3);
        CHECK(has(planned.out, "changed by somebody since pgtend set it to 0.05"));
        CHECK(has(planned.out, "pgtend autovacuum apply --force public.t"));
        CHECK(!has(planned.out, "the database is as the file declares it"));
        CHECK(g.run({"apply", "--yes"}).code == 1);
        CHECK(g.count("SELECT count(*) FROM pg_class WHERE relname = 't' AND reloptions = "
                      "'{autovacuum_vacuum_scale_factor=0.4}'") == 1);
        CHECK(g.run({"autovacuum", "apply", "--force", "public.t"}).code == 0);
        CHECK(g.run({"plan"}).code == 0);
    }

    TEST_CASE("a view whose query could not be compared is not taken for as declared")
    {
        ground const g{"", index_parameters_and_view};
        g.db.psql(one_column_table);
        REQUIRE(g.run({"apply", "--yes"}).code == 0);
        g.db.psql("DROP MATERIALIZED VIEW v; CREATE MATERIALIZED VIEW v AS SELECT 1 AS other");
        auto s = g.db.connect();
        test::role const reader{s, "comparer", "LOGIN"};
        g.db.psql("REVOKE TEMPORARY ON DATABASE " + g.db.name() + " FROM PUBLIC");
        auto const planned = as_role(g, reader, {"plan", "--only", "matviews"});
        CHECK(planned.code == 3);
        CHECK(has(planned.out, "could not be compared with the declared one"));
        CHECK(has(planned.out, "GRANT TEMPORARY ON DATABASE"));
    }

    TEST_CASE(
        "a session that was ended while others worked is opened again; when it cannot be, what was "
        "done is told")
    {
        ground const g{"", "matviews:\n  - { name: public.v, query: select public.slow() as a }\n"
                           "indexes:\n  - { table: public.t, name: t_a, on: (a) }\n"};
        auto s = g.db.connect();
        test::role const who{s, "ended", "LOGIN SUPERUSER"};
        auto const with_function = [&](std::string const &after) {
            g.db.psql(
                "DROP MATERIALIZED VIEW IF EXISTS v; CREATE OR REPLACE FUNCTION slow() RETURNS "
                "int LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_terminate_backend(pid) FROM "
                "pg_stat_activity WHERE usename = '" +
                who.name() + "' AND pid <> pg_backend_pid(); " + after + " RETURN 1; END $$");
            return as_role(g, who, {"apply", "--yes"});
        };
        g.db.psql(one_column_table);
        auto const applied = with_function("");
        CHECK_MESSAGE(applied.code == 0, applied.err);
        CHECK(g.count("SELECT count(*) FROM pg_class WHERE relname IN ('v', 't_a')") == 2);
        auto const told = with_function("ALTER ROLE " + who.name() + " NOLOGIN;");
        CHECK(told.code == 4);
        CHECK(has(told.out, "create materialized view public.v"));
        CHECK(has(told.out, "succeeded"));
        CHECK(has(told.err, "compare indexes"));
    }

    TEST_CASE("an index of a view that is declared too: one apply makes both")
    {
        ground const g{"", "matviews:\n  - { name: public.v, query: select a from public.t }\n"
                           "indexes:\n  - { table: public.v, name: v_a, on: (a) }\n"};
        g.db.psql(one_column_table);
        auto const planned = g.run({"plan"});
        CHECK(planned.code == 3);
        CHECK(has(planned.out, "public.v_a is built when public.v is there"));
        auto const applied = g.run({"apply", "--yes"});
        CHECK_MESSAGE(applied.code == 0, applied.err);
        CHECK(g.count("SELECT count(*) FROM pg_index WHERE indisvalid AND indexrelid = "
                      "'v_a'::regclass") == 1);
        CHECK(g.run({"plan"}).code == 0);
    }

    TEST_CASE("F15: the first signal ends what only reads")
    {
        ground const g{"", index_parameters_and_view};
        g.db.psql(one_column_table);
        auto holder = g.db.connect();
        holder.begin();
        holder.run("LOCK TABLE pgtend.storage_parameter IN ACCESS EXCLUSIVE MODE");
        for (auto const &args : {list{"plan"}, list{"apply", "--yes"}, list{"autovacuum", "status"},
                                 list{"--dry-run", "autovacuum", "apply"}}) {
            CAPTURE(args.back());
            test::process p{g.arguments(args)};
            test::eventually("it waits", [&] {
                return g.count("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = "
                               "'pgtend.storage_parameter'::regclass") == 1;
            });
            p.signal(SIGINT);
            CHECK(p.wait(std::chrono::seconds{10}).code == 130);
        }
    }

    TEST_CASE("a dry run of an index job shows what the job would build")
    {
        ground const g{
            "  - { name: indexes, schedule: \"0 4 * * *\", index: {}, search_path: app }\n",
            "indexes:\n  - { table: public.t, name: t_f, on: \"(f(a))\" }\n"};
        g.db.psql(one_column_table);
        g.db.psql(
            "CREATE SCHEMA app; CREATE FUNCTION app.f(int) RETURNS int IMMUTABLE LANGUAGE sql "
            "AS 'SELECT $1'");
        auto const shown = g.run({"--dry-run", "job", "run", "indexes"});
        CHECK_MESSAGE(shown.code == 0, shown.err);
        CHECK(has(shown.out, "CREATE INDEX CONCURRENTLY \"t_f\""));
        CHECK(has(shown.out, "app.f(a)"));
    }

    TEST_CASE("index create and index status look names up where plan and apply do")
    {
        ground const g{"", "defaults: { search_path: \"app, public\" }\nindexes:\n  - { table: "
                           "public.t, name: t_f, on: \"(f(a))\" }\n"};
        g.db.psql(one_column_table);
        g.db.psql(
            "CREATE SCHEMA app; CREATE FUNCTION app.f(int) RETURNS int IMMUTABLE LANGUAGE sql "
            "AS 'SELECT $1'; CREATE FUNCTION public.f(int) RETURNS int IMMUTABLE LANGUAGE sql "
            "AS 'SELECT -$1'");
        CHECK(g.run({"index", "create"}).code == 0);
        CHECK(has(g.db.value("SELECT pg_get_indexdef('t_f'::regclass)"), "app.f(a)"));
        CHECK(g.run({"plan"}).code == 0);
        CHECK(!has(g.run({"index", "status"}).out, "different"));
        CHECK(has(g.run({"index", "status", "--search-path", "public"}).out, "different"));
    }

    TEST_CASE("indexes are looked at by a second session, where the role may have one")
    {
        ground const g{"", index_parameters_and_view};
        g.db.psql(one_column_table);
        auto s = g.db.connect();
        test::role const owner{s, "one_at_a_time", "LOGIN"};
        g.db.psql("ALTER TABLE t OWNER TO " + owner.name());
        auto const connections = [&] {
            auto const planned = as_role(g, owner, {"-v", "plan"});
            CHECK_MESSAGE(planned.code == 3, planned.err);
            CHECK(has(planned.out, "create index public.t_a on public.t"));
            CHECK(has(planned.out, "create materialized view public.v"));
            auto out = 0;
            for (auto at = planned.err.find("] connected to"); at != std::string::npos;
                 at = planned.err.find("] connected to", at + 1)) {
                ++out;
            }
            return out;
        };
        CHECK(connections() == 2);
        s.run("ALTER ROLE " + owner.name() + " CONNECTION LIMIT 1");
        CHECK(connections() == 1);
    }
}
