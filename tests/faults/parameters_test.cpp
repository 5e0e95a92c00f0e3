// SPDX-License-Identifier: Apache-2.0
// Declared storage parameters with the built program: partitions that come later, roles, names,
// copies, and the plan of the whole file.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "faults/parameter_scene.hpp"
#include "support/hour.hpp"

using namespace pgtend;
using namespace pgtend::test;

TEST_SUITE("db")
{
    TEST_CASE("partitions made later have it from the start, and lose it on the way back")
    {
        parameter_scene const g{std::string{declared_parameters} + orders_by_month};
        g.db.psql("ALTER TABLE orders_b SET (autovacuum_vacuum_scale_factor = 0.05)"); // theirs
        REQUIRE(g.apply().code == 0);
        REQUIRE(g.run({"partition", "create"}).code == 0);
        auto const later = g.db.value("SELECT min(relname) FROM pg_class WHERE relname LIKE "
                                      "'orders_2026%' AND relkind = 'r'");
        auto const of = [&](std::string const &table) {
            return g.db.value("SELECT format('%s/%s', c.reloptions, t.reloptions) FROM pg_class c "
                              "JOIN pg_class t ON t.oid = c.reltoastrelid WHERE c.relname = '" +
                              table + "'");
        };
        CHECK(of(later) == "{autovacuum_vacuum_scale_factor=0.05}/{autovacuum_vacuum_threshold=7}");
        CHECK(has(g.apply().out, "declared storage parameters are in force"));
        // One that somebody attaches without it is set.
        g.db.psql("CREATE TABLE orders_hand PARTITION OF orders FOR VALUES FROM ('2019-01-01') TO "
                  "('2019-02-01')");
        CHECK(g.run({"autovacuum", "status"}).code == 3);
        CHECK(g.apply().code == 0);
        CHECK(of("orders_hand") ==
              "{autovacuum_vacuum_scale_factor=0.05}/{autovacuum_vacuum_threshold=7}");
        CHECK(g.revert({"public.orders"}).code == 0);
        CHECK(of(later) == "/");
        CHECK(of("orders_hand") == "/");
        CHECK(of("orders_a") == "/");
        CHECK(of("orders_b") == "{autovacuum_vacuum_scale_factor=0.05}/");
        CHECK(g.saved() == 2); // those of plain
    }

    TEST_CASE("partitions are made while the ledger cannot note their parameters, and it is said")
    {
        parameter_scene const g{std::string{declared_parameters} + orders_by_month};
        auto const made = [&] {
            return g.db.value("SELECT count(*) FROM pg_class WHERE relname LIKE 'orders_2026%' AND "
                              "relkind = 'r' AND reloptions IS NOT NULL");
        };
        SUBCASE("another session holds it")
        {
            auto holder = g.db.connect();
            holder.begin();
            holder.run("LOCK TABLE pgtend.storage_parameter IN SHARE MODE");
            auto const create = g.run({"partition", "create"});
            CHECK(create.code == 0);
            CHECK(has(create.out + create.err, "the ledger did not note"));
            CHECK(made() != "0");
        }
        SUBCASE("another session holds it against all, and the whole file is applied")
        {
            auto holder = g.db.connect();
            holder.begin();
            holder.run("LOCK TABLE pgtend.storage_parameter IN ACCESS EXCLUSIVE MODE");
            auto const apply = g.run({"apply", "-y"});
            CHECK(apply.code == 1); // plain is not as declared
            CHECK(has(apply.out + apply.err, "the ledger cannot be read"));
            CHECK(made() != "0");
            holder.rollback();
            CHECK(g.run({"apply", "-y"}).code == 0);
        }
        SUBCASE("row level security keeps the role from it")
        {
            g.db.psql("ALTER TABLE pgtend.storage_parameter ENABLE ROW LEVEL SECURITY; ALTER TABLE "
                      "pgtend.storage_parameter FORCE ROW LEVEL SECURITY");
            auto const role = g.db.name() + "_maker";
            g.db.psql("CREATE ROLE " + role + " LOGIN; ALTER TABLE orders OWNER TO " + role +
                      "; GRANT CREATE, USAGE ON SCHEMA public TO " + role);
            g.db.psql(g.run({"init", "--print-grants", role}).out);
            auto const create =
                g.run({"-d", g.db.dsn(role), "partition", "create", "public.orders"});
            CHECK(create.code == 0);
            CHECK(has(create.out + create.err, "the ledger did not note"));
            CHECK(made() != "0");
            g.db.psql("DROP OWNED BY " + role + " CASCADE; DROP ROLE " + role);
        }
    }

    TEST_CASE("a role that owns only one of the tables changes that one, and names what it lacks")
    {
        parameter_scene const g;
        auto const role = g.db.name() + "_keeper", owner = g.db.name() + "_owner";
        g.db.psql("CREATE ROLE " + role + " LOGIN; CREATE ROLE " + owner +
                  "; ALTER TABLE plain "
                  "OWNER TO " +
                  role + "; ALTER TABLE orders_a OWNER TO " + owner +
                  "; ALTER TABLE orders_b OWNER TO " + owner);
        auto const as_role = [&](std::vector<std::string> args) {
            args.insert(args.begin(), {"-c", g.config, "-d", g.db.dsn(role)});
            return test::pgtend(args);
        };
        auto const no_ledger = as_role({"autovacuum", "apply"});
        CHECK(no_ledger.code == 2);
        CHECK(has(no_ledger.err, "this role may not use the ledger"));
        auto const grants = as_role({"init", "--print-grants", role});
        g.db.psql(grants.out);
        auto const applied = as_role({"autovacuum", "apply"});
        CHECK(applied.code == 1);
        CHECK(has(applied.err, "role " + role + " may not change public.orders_a: it belongs to " +
                                   owner + " (SQLSTATE 42501)"));
        CHECK(has(applied.err, "HINT: GRANT \"" + owner + "\" TO \"" + role + "\""));
        CHECK(has(g.parameters(), "plain {fillfactor=70,autovacuum_vacuum_scale_factor=0.05}/"));
        g.db.psql("GRANT " + owner + " TO " + role);
        CHECK(as_role({"autovacuum", "apply"}).code == 0);
        CHECK(g.parameters() == done);
        CHECK(as_role({"autovacuum", "revert"}).code == 0);
        CHECK(g.parameters() == back);
        g.db.psql("DROP OWNED BY " + role + ", " + owner + " CASCADE; DROP ROLE " + role + ", " +
                  owner);
    }

    TEST_CASE("a partition that is detached while its parameters wait is left as it is")
    {
        parameter_scene const g;
        auto other = g.db.connect();
        other.begin();
        other.run("ALTER TABLE orders DETACH PARTITION orders_a");
        test::process apply{{"-c", g.config, "-d", g.db.dsn(), "autovacuum", "apply"}};
        test::eventually("it waits", [&] { return has(apply.errors(), " on public.orders_a"); });
        other.commit();
        auto const done_so_far = apply.wait();
        CHECK(done_so_far.code == 1);
        CHECK(has(done_so_far.err, "public.orders_a is no longer a partition of its table"));
        CHECK(g.db.value("SELECT reloptions IS NULL FROM pg_class WHERE relname = 'orders_a'") ==
              "t");
        CHECK(g.db.value("SELECT count(*) FROM pgtend.storage_parameter WHERE relation = "
                         "'orders_a'::regclass") == "0");
    }

    TEST_CASE("tables that were renamed, dropped and made anew")
    {
        parameter_scene const g;
        REQUIRE(g.apply().code == 0);
        g.db.psql("ALTER TABLE orders_a RENAME TO elsewhere; DROP TABLE plain; CREATE TABLE plain "
                  "(a int, t text) WITH (autovacuum_vacuum_scale_factor = 0.05)");
        auto const reverted = g.revert();
        CHECK(reverted.code == 0);
        CHECK(has(reverted.out, "forget what was saved of public.plain"));
        CHECK(g.parameters() ==
              "elsewhere /, orders_b /, plain {autovacuum_vacuum_scale_factor=0.05}/");
        CHECK(g.saved() == 0);
    }

    TEST_CASE("a restored dump means its own tables")
    {
        parameter_scene const g;
        REQUIRE(g.apply().code == 0);
        database const copy;
        // Other OIDs than in the original, and the ledger's rows as a dump has them: text, read
        // with an empty search_path.
        copy.psql("CREATE SEQUENCE shifts_oids");
        copy.psql(parameter_scene::tables);
        REQUIRE(test::pgtend({"-d", copy.dsn(), "init"}).code == 0);
        copy.psql("ALTER TABLE orders_a SET (autovacuum_vacuum_scale_factor = 0.05, "
                  "toast.autovacuum_vacuum_threshold = 7); ALTER TABLE plain SET "
                  "(autovacuum_vacuum_scale_factor = 0.05, toast.autovacuum_vacuum_threshold = 7)");
        auto source = g.db.connect();
        source.run("SET search_path = ''");
        copy.psql(source
                      .run("SELECT string_agg(format('INSERT INTO pgtend.storage_parameter VALUES "
                           "(%L, %L, %L, %L, %L, %L, %L)', s.relation::text, s.parameter, "
                           "s.table_name, s.original, s.value, s.of_new_partitions, s.changed), "
                           "'; ') FROM pgtend.storage_parameter s")
                      .text(0, 0));
        auto const reverted = test::pgtend({"-d", copy.dsn(), "autovacuum", "revert"});
        CAPTURE(reverted.err);
        CHECK(reverted.code == 0);
        CHECK(copy.value("SELECT string_agg(format('%s %s', relname, reloptions), ', ' ORDER BY "
                         "relname) FROM pg_class WHERE relkind = 'r' AND relnamespace = "
                         "'public'::regnamespace") ==
              "orders_a , orders_b , plain {fillfactor=70,autovacuum_vacuum_scale_factor=0.3}");
        CHECK(g.parameters() == done);
    }

    TEST_CASE("a hostile search_path and hostile names are nobody's way in")
    {
        parameter_scene const g{
            "autovacuum:\n  - { tables: ['public.\"we\"\"ird; $pgtend$ it''s\"'], "
            "fillfactor: 90 }\n"};
        g.db.psql("CREATE TABLE public.\"we\"\"ird; $pgtend$ it's\" (a int); CREATE SCHEMA evil; "
                  "CREATE FUNCTION evil.fooled(text, text) RETURNS boolean LANGUAGE plpgsql AS "
                  "'BEGIN RAISE EXCEPTION ''fooled''; END'; CREATE OPERATOR evil.<> (LEFTARG = "
                  "text, RIGHTARG = text, FUNCTION = evil.fooled); CREATE OPERATOR evil.= (LEFTARG "
                  "= text, RIGHTARG = text, FUNCTION = evil.fooled)");
        g.db.psql("ALTER DATABASE " + g.db.name() + " SET search_path = evil, pg_catalog, public");
        auto const applied = g.apply();
        CAPTURE(applied.err);
        CHECK(applied.code == 0);
        CHECK(has(g.parameters(), "we\"ird; $pgtend$ it's {fillfactor=90}"));
        CHECK(g.revert().code == 0);
        CHECK(has(g.parameters(), "we\"ird; $pgtend$ it's /"));
    }

    TEST_CASE("a database without a ledger is told of it, and nothing is changed")
    {
        database const db;
        db.psql("CREATE TABLE t (a int)");
        auto const applied = test::pgtend(
            {"-d", db.dsn(), "autovacuum", "apply", "public.t", "--set", "fillfactor=90"});
        CHECK(applied.code == 1);
        CHECK(has(applied.err, "HINT: Run `pgtend init` once to create it."));
        CHECK(db.value("SELECT reloptions IS NULL FROM pg_class WHERE relname = 't'") == "t");
        CHECK(test::pgtend({"-d", db.dsn(), "autovacuum", "status", "public.t"}).code == 0);
        CHECK(test::pgtend({"-d", db.dsn(), "autovacuum", "revert"}).code == 0);
        CHECK(test::pgtend({"-d", db.dsn(), "autovacuum", "apply"}).code == 2);
        CHECK(
            test::pgtend({"-d", db.dsn(), "autovacuum", "apply", "--set", "fillfactor=90"}).code ==
            2);
        auto const wrong = test::pgtend(
            {"-d", db.dsn(), "autovacuum", "apply", "public.t", "--set", "vacum_threshold=9"});
        CHECK(wrong.code == 2);
        CHECK(has(wrong.err, "did you mean 'vacuum_threshold'?"));
    }

    TEST_CASE("plan and apply of the whole file do the same, and give new partitions theirs")
    {
        parameter_scene const g{std::string{declared_parameters} + orders_by_month};
        auto const planned = g.run({"plan", "public.plain"});
        CHECK(planned.code == 3);
        CHECK(has(planned.out, "of public.plain"));
        CHECK_FALSE(has(planned.out, "public.orders_a"));
        // A section by itself still gives what the other one declares.
        CHECK(g.run({"apply", "--yes", "--only", "partitions"}).code == 0);
        CHECK(has(g.parameters(), "orders_2026_01 {autovacuum_vacuum_scale_factor=0.05}/"
                                  "{autovacuum_vacuum_threshold=7}"));
        CHECK(g.saved() == 2 * (g.count("SELECT count(*) FROM pg_inherits") - 2));
        auto const applied = g.run({"apply", "--yes"});
        CHECK(applied.code == 0);
        CHECK(has(g.parameters(), done));
        CHECK(g.run({"plan"}).code == 0);
        CHECK(g.revert().code == 0);
        CHECK(has(g.parameters(), "orders_2026_01 /"));
        CHECK(has(g.parameters(), back));
        CHECK(g.run({"plan"}).code == 3);
    }
}
