// SPDX-License-Identifier: Apache-2.0
// apply: what changes between the comparison and the work, and declarations that meet each other.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "support/database.hpp"
#include "support/process.hpp"

using namespace pgtend;
using test::eventually;

namespace {

// A partitioned table with row level security, and what is declared.
struct declared_ground {
    test::database db;
    test::scratch files;
    std::string config;

    explicit declared_ground(std::string const &declared)
    {
        db.psql("CREATE TABLE o (at date, k int) PARTITION BY RANGE (at)");
        db.psql("CREATE TABLE o1 PARTITION OF o FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')");
        db.psql("ALTER TABLE o ENABLE ROW LEVEL SECURITY");
        config = files.write(
            "pgtend.yaml",
            fmt::format("version: 1\ntargets: {{ t: {{ dsn: \"{}\" }} }}\n{}", db.dsn(), declared));
    }

    std::vector<std::string> command(std::vector<std::string> words) const
    {
        words.insert(words.begin(), {"-c", config});
        return words;
    }

    int run(std::vector<std::string> words) const
    {
        return test::pgtend(command(std::move(words))).code;
    }

    bool waits_for(std::string const &table) const
    {
        return db.value("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = '" + table +
                        "'::regclass") != "0";
    }
};

constexpr char only_o[] =
    "partitions:\n  - { table: public.o, key: at, every: year, premake: 0 }\n";

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("a partition that is detached while apply waits for it gets no row level security")
    {
        declared_ground const g{only_o};
        REQUIRE(g.run({"apply", "--yes", "--only", "partitions"}) == 0);
        g.db.psql("ALTER TABLE o1 DISABLE ROW LEVEL SECURITY");
        auto other = g.db.connect();
        other.begin();
        other.run("ALTER TABLE o DETACH PARTITION o1");
        SUBCASE("and is a table of its own") {}
        SUBCASE("and another table has its name")
        {
            other.run("ALTER TABLE o1 RENAME TO o1_kept");
            other.run("CREATE TABLE o1 (x int)");
        }
        SUBCASE("or attached again, and its table has none any more")
        {
            other.run("ALTER TABLE o ATTACH PARTITION o1 FOR VALUES FROM ('2020-01-01') TO "
                      "('2021-01-01')");
            other.run("ALTER TABLE o DISABLE ROW LEVEL SECURITY");
        }
        test::process apply{g.command({"apply", "--yes"})};
        eventually("apply waits", [&] {
            return apply.errors().find("holds ACCESS EXCLUSIVE on public.o1") != std::string::npos;
        });
        other.commit();
        auto const done = apply.wait();
        CHECK_MESSAGE(done.code == 0, done.err);
        CHECK(g.db.value("SELECT count(*) FROM pg_class WHERE relrowsecurity AND relname LIKE "
                         "'o1%'") == "0");
    }

    TEST_CASE("without --yes nothing is done that nobody was asked about")
    {
        declared_ground const g{
            std::string{only_o} +
            "indexes:\n  - { table: public.t, name: t_e, on: \"((id + x))\" }\n"};
        g.db.psql("CREATE TABLE t (id int, x int)");
        REQUIRE(g.run({"apply", "--yes"}) == 0);
        REQUIRE(g.run({"plan"}) == 0);
        auto other = g.db.connect();
        other.begin();
        other.run("LOCK TABLE t");
        test::process apply{g.command({"apply"})};
        eventually("partitions are compared, indexes wait", [&] {
            return g.waits_for("t") &&
                   g.db.value("SELECT count(*) FROM pg_stat_activity WHERE datname = "
                              "current_database() AND state = 'idle' AND application_name LIKE "
                              "'pgtend/%' AND query LIKE 'WITH RECURSIVE asked %'") == "1";
        });
        g.db.psql("ALTER TABLE o1 DISABLE ROW LEVEL SECURITY");
        other.rollback();
        apply.wait(); // in a second; where that was too short, it says that t could not be read
        CHECK(g.db.value("SELECT relrowsecurity FROM pg_class WHERE relname = 'o1'") == "f");
    }

    TEST_CASE("a declared table that is a partition of another one: one apply protects all, once")
    {
        declared_ground const g{std::string{only_o} +
                                "  - { table: public.o26, key: at, every: month, "
                                "premake: 1, name: \"m_{yyyy}_{mm}\" }\n"};
        g.db.psql("CREATE TABLE o26 PARTITION OF o FOR VALUES FROM ('2026-01-01') TO "
                  "('2099-01-01') PARTITION BY RANGE (at)");
        auto const planned = test::pgtend(g.command({"plan", "-o", "sql"}));
        CHECK(planned.code == 3);
        REQUIRE(g.run({"apply", "--yes"}) == 0);
        CHECK(g.run({"plan"}) == 0);
        CHECK(g.db.value("SELECT count(*) FROM pg_partition_tree('o') t JOIN pg_class c ON c.oid = "
                         "t.relid WHERE NOT c.relrowsecurity") == "0");
        // Both have it and one leaf lacks it: one step.
        g.db.psql("ALTER TABLE o1 DISABLE ROW LEVEL SECURITY");
        auto const leaf = g.db.value("SELECT min(inhrelid::regclass::text) FROM pg_inherits WHERE "
                                     "inhparent = 'o26'::regclass");
        g.db.psql("ALTER TABLE " + leaf + " DISABLE ROW LEVEL SECURITY");
        auto const text = test::pgtend(g.command({"plan"})).out;
        CHECK_MESSAGE(text.find("2 differences") != std::string::npos, text);
    }

    TEST_CASE("a partition's index does not take the name by which the file declares another one")
    {
        declared_ground const g{"indexes:\n  - { table: public.o, name: idx, on: \"(at)\" }\n"
                                "  - { table: public.o1, name: o1_idx, on: \"(k)\" }\n"};
        CHECK(g.run({"apply", "--yes"}) == 0);
        CHECK(g.run({"plan"}) == 0);
        CHECK(g.db.value("SELECT pg_get_indexdef('o1_idx'::regclass)").ends_with("(k)"));
    }
}
