// SPDX-License-Identifier: Apache-2.0
// Indexes that others make, drop and wait for at the same moment.
#include <csignal>
#include <doctest/doctest.h>
#include <string>
#include <thread>
#include <vector>

#include "base/error.hpp"
#include "faults/index_scene.hpp"
#include "support/hour.hpp"
#include "support/lists.hpp"

using namespace pgtend;
using test::building;
using test::closed_gate;
using test::eventually;
using test::has;
using test::indexes;
using test::list;
using test::tree;
using test::valid;

namespace {

// Who waits for p2, and has looked for a deadlock by now (deadlock_timeout is a second), which it
// does but once.
constexpr char waiting[] =
    "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'p2'::regclass AND waitstart < "
    "clock_timestamp() - interval '1.5 s'";

} // namespace

TEST_SUITE("db")
{
    TEST_CASE(
        "two at once, of which one begins its build after the other one has looked: a deadlock, "
        "and both succeed; a table and a partition")
    {
        std::string table = "p2", name = "p2_slow", point = "before outside";
        SUBCASE("the index of the partition alone") {}
        SUBCASE("the index of the partitioned table")
        {
            table = "p";
            name = "slow";
            point = "before outside:2"; // p1 is built first
        }
        test::ground g{"", indexes(table, name)};
        closed_gate door{g};
        g.db.psql(tree);
        test::process late{g.arguments({"apply", "--yes"}), {{"PGTEND_STOP_AT", point}}};
        eventually("one has looked", [&] { return late.stands_still(); });
        test::process first{g.arguments({"index", "create"})};
        eventually("the other one builds", [&] { return g.count(building) != 0; });
        late.signal(SIGCONT);
        eventually("the late one has looked for a deadlock", [&] { return g.count(waiting) == 1; });
        door.open();
        auto const one = first.wait(), two = late.wait();
        CHECK_MESSAGE(one.code == 0, one.err);
        CHECK_MESSAGE(two.code == 0, two.err);
        CHECK(has(one.out, "deadlock detected"));
        CHECK(g.count("SELECT count(*) FROM pg_index WHERE NOT indisvalid") == 0);
        CHECK(g.count(valid) == (table == "p" ? 4 : 1));
        CHECK(g.run({"plan"}).code == 0);
    }

    TEST_CASE("a deadlock with somebody who waits for the table: what the build left is dropped, "
              "and it is built again; a table and a partition")
    {
        std::string table = "p2", name = "p2_slow";
        SUBCASE("the index of the partition alone") {}
        SUBCASE("the index of the partitioned table")
        {
            table = "p";
            name = "slow";
        }
        test::ground g{"", indexes(table, name)};
        closed_gate door{g};
        g.db.psql(tree);
        test::process runner{g.arguments({"index", "create"})};
        eventually("it builds", [&] { return g.count(building) != 0; });
        auto const left = g.db.value("SELECT 'p2_slow'::regclass::oid");
        // Waits for the table, with a snapshot that the build will wait for at its end.
        std::thread other{[&] {
            auto s = g.db.connect();
            s.run("CREATE INDEX CONCURRENTLY other ON p2 (k)");
        }};
        eventually("the other one has looked for a deadlock",
                   [&] { return g.count(waiting) == 1; });
        door.open();
        other.join();
        auto const done = runner.wait();
        CHECK_MESSAGE(done.code == 0, done.err);
        CHECK(has(done.out, "deadlock detected"));
        CHECK(g.count("SELECT count(*) FROM pg_index WHERE NOT indisvalid") == 0);
        CHECK(g.db.value("SELECT indisvalid FROM pg_index WHERE indexrelid = "
                         "'p2_slow'::regclass") == "t");
        CHECK(g.db.value("SELECT 'p2_slow'::regclass::oid") != left);
        CHECK(g.db.value("SELECT indisvalid FROM pg_index WHERE indexrelid = 'other'::regclass") ==
              "t");
        CHECK(g.run({"plan"}).code == 0);
    }

    TEST_CASE("while a build waits, somebody makes its index with another definition, or with the "
              "same: only the same is done")
    {
        std::string table = "p2", name = "p2_id", mine = "CREATE INDEX p2_id ON p2 (id)";
        bool same = true;
        SUBCASE("the same") {}
        SUBCASE("another one")
        {
            mine = "CREATE INDEX p2_id ON p2 (k)";
            same = false;
        }
        SUBCASE("one that is unique")
        {
            mine = "CREATE UNIQUE INDEX p2_id ON p2 (id)";
            same = false;
        }
        SUBCASE("of an empty partitioned table")
        {
            table = "e";
            name = "e_id";
            mine = "CREATE INDEX e_id ON e (k)";
            same = false;
        }
        test::ground g{"", indexes(table, name, "(id)")};
        g.db.psql(tree);
        g.db.psql("CREATE TABLE e (id int, k int) PARTITION BY LIST (k)");
        auto holder = g.db.connect();
        holder.begin();
        holder.run("LOCK TABLE " + table + " IN SHARE UPDATE EXCLUSIVE MODE");
        test::process runner{g.arguments({"apply", "--yes"})};
        eventually("it waits", [&] { return has(runner.errors(), "again in"); });
        holder.run(mine);
        holder.commit();
        auto const done = runner.wait();
        CHECK_MESSAGE(done.code == (same ? 0 : 1), done.err);
        CHECK(has(done.out, "found done by somebody else meanwhile") == (same || table == "e"));
        CHECK(has(done.err, "42P07") == !same);
        CHECK(has(done.err, "run it again") == !same);
        CHECK(g.run({"plan"}).code == (same ? 0 : 3));
    }

    TEST_CASE(
        "while a drop waits, somebody gives the name to another index: that one is left; what "
        "REINDEX makes of it is dropped")
    {
        test::ground g{};
        g.db.psql(tree);
        g.db.psql("CREATE INDEX p_id ON p (id); CREATE INDEX lone ON p2 (k)");
        std::string name = "lone", table = "p2", left = "2";
        list meanwhile{"DROP INDEX lone", "CREATE INDEX lone ON p2 (id, k)"};
        SUBCASE("a table with rows") {}
        SUBCASE("a partitioned one")
        {
            name = "p_id";
            table = "p";
            meanwhile = {"DROP INDEX p_id", "CREATE INDEX p_id ON p (id, k)"};
        }
        SUBCASE("it is the same, made anew")
        {
            meanwhile = {"REINDEX INDEX lone"};
            left = "1";
        }
        SUBCASE("it is the same, with another number")
        {
            meanwhile = {"DROP INDEX lone", "CREATE INDEX lone ON p2 (k)"};
            left = "1";
        }
        auto holder = g.db.connect();
        holder.begin();
        holder.run("LOCK TABLE " + table + " IN SHARE UPDATE EXCLUSIVE MODE");
        test::process runner{g.arguments({"index", "drop", "public." + name})};
        eventually("it waits", [&] { return has(runner.errors(), "again in"); });
        for (auto const &each : meanwhile) {
            holder.run(each);
        }
        holder.commit();
        auto const done = runner.wait();
        CHECK_MESSAGE(done.code == 0, done.err);
        CHECK(has(done.out, "found done by somebody else meanwhile") == (left == "2"));
        CHECK(g.db.value("SELECT count(*) FROM pg_class WHERE relname IN ('lone', 'p_id')") ==
              left);
    }

    TEST_CASE(
        "an invalid index of a partition, attached by hand: declared for the partition, it is "
        "rebuilt, and for the whole, too, that is valid then")
    {
        std::string more;
        SUBCASE("the partition's alone") {}
        SUBCASE("that of the whole, too")
        {
            more = "  - { table: public.p, name: p_id, unique: true, on: \"(id, k)\" }\n";
        }
        test::ground g{"",
                       "indexes:\n  - { table: public.p2, name: p2_id, unique: true, on: \"(id, "
                       "k)\" }\n" +
                           more};
        g.db.psql(tree);
        g.db.psql("CREATE UNIQUE INDEX p_id ON ONLY p (id, k); INSERT INTO p VALUES (1, 2)");
        {
            auto s = g.db.connect();
            CHECK_THROWS_AS(s.run("CREATE UNIQUE INDEX CONCURRENTLY p2_id ON p2 (id, k)"), error);
        }
        g.db.psql("ALTER INDEX p_id ATTACH PARTITION p2_id; DELETE FROM p WHERE id = 1");
        auto const done = g.run({"apply", "--yes"});
        CHECK_MESSAGE(done.code == 0, done.err);
        CHECK(g.db.value("SELECT indisvalid FROM pg_index WHERE indexrelid = 'p2_id'::regclass") ==
              "t");
        CHECK(g.count(valid) == (more.empty() ? 1 : 4));
        CHECK(g.run({"plan"}).code == 0);
    }
}
