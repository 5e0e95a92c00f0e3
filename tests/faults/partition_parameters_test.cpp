// SPDX-License-Identifier: Apache-2.0
// Declared storage parameters of partitions with the built program: values that people gave them
// before, values that pgtend made them with, and declarations of their own.
#include <csignal>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "faults/parameter_scene.hpp"
#include "support/hour.hpp"

using namespace pgtend;
using namespace pgtend::test;

namespace {

constexpr char declared[] = "autovacuum:\n"
                            "  - { tables: [public.orders], vacuum_scale_factor: 0.05 }\n";

struct partition_scene : parameter_scene {
    explicit partition_scene(std::string const &more = declared) : parameter_scene{more} {}

    void set(std::string const &table, std::string const &value) const
    {
        db.psql(
            fmt::format("ALTER TABLE {} SET (autovacuum_vacuum_scale_factor = {})", table, value));
    }
    std::string of(std::string const &table) const
    {
        return db.value(
            "SELECT coalesce(reloptions::text, '') FROM pg_catalog.pg_class WHERE relname = '" +
            table + "'");
    }
    finished apply_all(std::vector<std::string> more = {}) const
    {
        more.insert(more.begin(), {"apply", "--yes"});
        return run(std::move(more));
    }
};

std::string value(std::string const &text)
{
    return "{autovacuum_vacuum_scale_factor=" + text + "}";
}

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("a partition whose detach did not end: nothing is declared for it any more, and what "
              "it got is taken back")
    {
        partition_scene const g;
        auto const begin_detach = [&] {
            auto reader = g.db.connect();
            reader.begin();
            reader.run("SELECT FROM orders");
            auto s = g.db.connect();
            s.run("SET lock_timeout = '100ms'");
            CHECK_THROWS(s.run("ALTER TABLE orders DETACH PARTITION orders_b CONCURRENTLY"));
            CHECK(g.count("SELECT count(*) FROM pg_inherits WHERE inhdetachpending") == 1);
        };
        SUBCASE("before")
        {
            begin_detach();
            auto const applied = g.apply();
            CHECK_MESSAGE(applied.code == 0, applied.err);
            CHECK(g.of("orders_a") == value("0.05"));
            CHECK(g.of("orders_b") == "");
        }
        SUBCASE("after")
        {
            REQUIRE(g.apply().code == 0);
            begin_detach();
            CHECK(g.apply().code == 0);
            CHECK(g.of("orders_b") == value("0.05"));
            auto const refused = g.revert(); // the server alters no such partition
            CHECK(refused.code == 1);
            CHECK(has(refused.err, "DETACH PARTITION ... FINALIZE"));
            g.db.psql("ALTER TABLE orders DETACH PARTITION orders_b FINALIZE");
        }
        auto const reverted = g.revert();
        CHECK_MESSAGE(reverted.code == 0, reverted.err);
        CHECK(g.of("orders_a") == "");
        CHECK(g.of("orders_b") == "");
        CHECK(g.saved() == 0);
    }

    TEST_CASE("a policy's own parameter of a table below one that autovacuum: declares it for")
    {
        test::ground const g{
            "", "autovacuum: [ { tables: [public.above], vacuum_scale_factor: 0.3 } ]\n"
                "partitions:\n"
                "  - { table: public.sub, key: at, every: month, from: 2026-01, premake: 1,\n"
                "      storage_parameters: { autovacuum_vacuum_scale_factor: 0.05, fillfactor: 90 "
                "} }\n"};
        g.db.psql("CREATE TABLE above (k int, at date NOT NULL) PARTITION BY LIST (k); "
                  "CREATE TABLE sub PARTITION OF above FOR VALUES IN (1) PARTITION BY RANGE (at)");
        auto const made = g.run({"partition", "create"});
        CHECK_MESSAGE(made.code == 0, made.err);
        CHECK_MESSAGE(
            has(made.out + made.err,
                "new partitions get autovacuum_vacuum_scale_factor = 0.3, which autovacuum: "
                "declares for a table above it"),
            made.out, made.err);
        CHECK(g.db.value("SELECT DISTINCT reloptions FROM pg_class WHERE relname LIKE 'sub_%' AND "
                         "relkind = 'r'") == "{fillfactor=90,autovacuum_vacuum_scale_factor=0.3}");
        auto const status = g.run({"partition", "status"});
        CHECK_MESSAGE(status.code == 0, status.out);
        CHECK(g.run({"autovacuum", "status"}).code == 0);
        // On the way back they have what the policy gives.
        CHECK(g.run({"autovacuum", "revert"}).code == 0);
        CHECK(g.db.value("SELECT DISTINCT reloptions FROM pg_class WHERE relname LIKE 'sub_%' AND "
                         "relkind = 'r'") == "{fillfactor=90,autovacuum_vacuum_scale_factor=0.05}");
    }

    TEST_CASE("a partition with a value of its own is set after a kill behind the note, and gets "
              "it back")
    {
        partition_scene const g;
        g.set("orders_b", "0.3");
        process run{g.arguments({"apply", "--yes"}), {{"PGTEND_KILL_AT", "after commit:1"}}};
        CHECK(run.wait().code == 128 + SIGKILL);
        CHECK(g.of("orders_b") == value("0.3"));
        CHECK(g.saved() > 0);
        auto const applied = g.apply_all();
        CHECK_MESSAGE(applied.code == 0, applied.err);
        CHECK(g.of("orders_b") == value("0.05"));
        CHECK(g.run({"plan"}).code == 0);
        CHECK(g.revert({"--force"}).code == 0);
        CHECK(g.of("orders_b") == value("0.3"));
        CHECK(g.of("orders_a") == "");
        CHECK(g.saved() == 0);
    }

    TEST_CASE("a partition that was locked during the first apply is set by the next one")
    {
        partition_scene const g;
        g.set("orders_b", "0.3");
        {
            auto holder = g.db.connect();
            holder.run("BEGIN");
            holder.run("LOCK TABLE orders_b IN SHARE UPDATE EXCLUSIVE MODE");
            auto const locked = g.apply_all({"--lock-deadline", "200ms"});
            CHECK(locked.code == 1);
            CHECK(has(locked.err, "public.orders_b is locked"));
            holder.run("ROLLBACK");
        }
        CHECK(g.of("orders_a") == value("0.05"));
        auto const applied = g.apply_all();
        CHECK_MESSAGE(applied.code == 0, applied.err);
        CHECK(g.of("orders_b") == value("0.05"));
        CHECK(g.revert().code == 0);
        CHECK(g.of("orders_b") == value("0.3"));
    }

    TEST_CASE("a partition that somebody attaches with a value of its own is set, and gets it back")
    {
        partition_scene const g;
        REQUIRE(g.apply_all().code == 0);
        g.db.psql("CREATE TABLE orders_hand PARTITION OF orders FOR VALUES FROM ('2019-01-01') TO "
                  "('2019-02-01') WITH (autovacuum_vacuum_scale_factor = 0.3)");
        auto const applied = g.apply_all();
        CHECK_MESSAGE(applied.code == 0, applied.err);
        CHECK(g.of("orders_hand") == value("0.05"));
        CHECK(g.revert({"--force"}).code == 0);
        CHECK(g.of("orders_hand") == value("0.3"));
        CHECK(g.saved() == 0);
    }

    TEST_CASE("of one table: what is declared for a partition itself still goes before")
    {
        partition_scene const g{std::string{declared} +
                                "  - { tables: [public.orders_b], vacuum_scale_factor: 0.2 }\n"};
        REQUIRE(g.apply_all().code == 0);
        REQUIRE(g.of("orders_b") == value("0.2"));
        auto const planned = g.run({"plan", "public.orders"});
        CHECK_MESSAGE(planned.code == 0, planned.out);
        CHECK(g.run({"plan", "orders"}).code == 0);
        CHECK(g.apply_all({"public.orders"}).code == 0);
        CHECK(g.apply({"public.orders"}).code == 0);
        CHECK(g.of("orders_b") == value("0.2"));
        // Both are of orders, and the partition is one by itself.
        g.db.psql("ALTER TABLE orders_a RESET (autovacuum_vacuum_scale_factor); ALTER TABLE "
                  "orders_b RESET (autovacuum_vacuum_scale_factor)");
        CHECK(g.apply({"public.orders_b"}).code == 0);
        CHECK(g.of("orders_a") == "");
        CHECK(g.of("orders_b") == value("0.2"));
        g.db.psql("ALTER TABLE orders_b RESET (autovacuum_vacuum_scale_factor)");
        CHECK(g.apply_all({"public.orders"}).code == 0);
        CHECK(g.of("orders_a") == value("0.05"));
        CHECK(g.of("orders_b") == value("0.2"));
        CHECK(g.apply({"public.orders_a"}).code == 2); // nothing is declared for it by itself
    }

    TEST_CASE("what somebody changes of a partition that pgtend made is theirs, from its first day")
    {
        partition_scene const g{std::string{declared} + orders_by_month};
        g.db.psql("DROP TABLE orders_a, orders_b"); // nothing but what pgtend makes
        REQUIRE(g.apply_all().code == 0);
        CHECK(g.run({"plan"}).code == 0);
        CHECK(g.of("orders_2026_01") == value("0.05"));
        g.set("orders_2026_01", "0.01");
        CHECK(g.run({"plan"}).code == 3);
        auto const left = g.apply_all();
        CHECK(left.code == 1);
        CHECK(has(left.err,
                  "public.orders_2026_01: autovacuum_vacuum_scale_factor is 0.01, changed "
                  "by somebody since pgtend set it to 0.05 (before: not set): left "
                  "alone"));
        CHECK(g.of("orders_2026_01") == value("0.01"));
        auto const revert = g.revert();
        CHECK(has(revert.out, "left alone"));
        CHECK(g.of("orders_2026_01") == value("0.01"));
        CHECK(g.of("orders_2026_02") == "");
        CHECK(g.saved() == 1);
        // Forced: theirs is what it was before.
        CHECK(g.apply({"--force"}).code == 0);
        CHECK(g.of("orders_2026_01") == value("0.05"));
        CHECK(g.revert().code == 0);
        CHECK(g.of("orders_2026_01") == value("0.01"));
        CHECK(g.saved() == 0);
    }

    TEST_CASE("partitions that come and go leave nothing in the ledger")
    {
        partition_scene const g{std::string{declared} + orders_by_month};
        g.db.psql("DROP TABLE orders_a, orders_b");
        REQUIRE(g.run({"partition", "create"}).code == 0);
        auto const rows = g.saved();
        CHECK(rows == g.count("SELECT count(*) FROM pg_inherits"));
        g.db.psql("DROP TABLE orders_2026_01, orders_2026_02");
        REQUIRE(g.run({"partition", "create"}).code == 0);
        CHECK(g.saved() == rows);
    }

    TEST_CASE("partitions are made as well where there is no ledger, or the role may not write it")
    {
        partition_scene const g{std::string{declared} + orders_by_month};
        auto const role = g.db.name() + "_maker";
        g.db.psql("CREATE ROLE " + role + " LOGIN; GRANT CREATE ON SCHEMA public TO " + role +
                  "; ALTER TABLE orders OWNER TO " + role);
        auto const create = [&] {
            return test::pgtend({"-c", g.config, "-d", g.db.dsn(role), "partition", "create"});
        };
        auto const made = create();
        CHECK_MESSAGE(made.code == 0, made.err);
        CHECK(g.of("orders_2026_01") == value("0.05"));
        CHECK(g.saved() == 0);
        REQUIRE(g.run({"init", "--remove"}).code == 0);
        g.db.psql("DROP TABLE orders_2026_01");
        auto const without = create();
        CHECK_MESSAGE(without.code == 0, without.err);
        CHECK(g.of("orders_2026_01") == value("0.05"));
        g.db.psql("DROP OWNED BY " + role + " CASCADE; DROP ROLE " + role);
    }

    TEST_CASE("hostile names and a hostile search_path do not come between")
    {
        constexpr char table[] = "'public.\"we\"\"ird; $pgtend$ it''s\"'";
        partition_scene const g{
            fmt::format("autovacuum:\n  - {{ tables: [{}], fillfactor: 90 }}\npartitions:"
                        "\n  - {{ table: {}, key: at, every: year, from: 2026-01, premake: "
                        "0 }}\n",
                        table, table)};
        g.db.psql(
            "CREATE TABLE public.\"we\"\"ird; $pgtend$ it's\" (at date NOT NULL) PARTITION BY "
            "RANGE (at); CREATE SCHEMA evil; CREATE FUNCTION evil.fooled(oid, oid) RETURNS "
            "boolean LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''fooled''; END'; CREATE "
            "OPERATOR evil.= (LEFTARG = oid, RIGHTARG = oid, FUNCTION = evil.fooled); CREATE "
            "TABLE evil.pg_class (oid oid)");
        g.db.psql("ALTER DATABASE " + g.db.name() + " SET search_path = evil, pg_catalog, public");
        auto const made = g.run({"partition", "create"});
        CHECK_MESSAGE(made.code == 0, made.err);
        CHECK(g.of("we\"ird; $pgtend$ it''s_2026") == "{fillfactor=90}");
        CHECK(g.db.value("SELECT table_name FROM pgtend.storage_parameter") ==
              "public.\"we\"\"ird; $pgtend$ it's_2026\"");
        CHECK(g.revert().code == 0);
        CHECK(g.of("we\"ird; $pgtend$ it''s_2026") == "");
    }
}
