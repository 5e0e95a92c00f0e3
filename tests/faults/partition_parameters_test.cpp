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

struct scene : parameter_scene {
    explicit scene(std::string const &more = declared) : parameter_scene{more} {}

    void set(std::string const &table, std::string const &value) const
    {
        db.psql(
            fmt::format("ALTER TABLE {} SET (autovacuum_vacuum_scale_factor = {})", table, value));
    }
    std::string of(std::string const &table) const
    {
        return db.value("SELECT coalesce(reloptions::text, '') FROM pg_class WHERE relname = '" +
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
    TEST_CASE("a partition with a value of its own is set after a kill behind the note, and gets "
              "it back")
    {
        scene const g;
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
        scene const g;
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
        scene const g;
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
        scene const g{std::string{declared} +
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
}
