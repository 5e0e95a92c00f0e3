// SPDX-License-Identifier: Apache-2.0
// partition status, as a person or a script calls it.
#include <doctest/doctest.h>

#include "support/database.hpp"
#include "support/hour.hpp"
#include "support/process.hpp"
#include "support/role.hpp"

using namespace pgtend;
using test::has;

namespace {

struct place {
    test::database db;
    test::scratch files;
    pg::session s = db.connect();
    std::string config = files.write(
        "pgtend.yaml", "version: 1\ntargets:\n  db: { dsn: \"" + db.dsn() +
                           "\" }\npartitions:\n"
                           "  - { table: public.orders, key: ts, every: month, premake: 2 }\n");

    place() { s.run("CREATE TABLE orders (id int, ts timestamptz) PARTITION BY RANGE (ts)"); }
    test::finished run(std::vector<std::string> args) const
    {
        args.insert(args.begin(), {"-c", config});
        return test::pgtend(args);
    }
    test::finished by_hand(std::vector<std::string> args,
                           std::string const &user = "postgres") const
    {
        args.insert(args.begin(), {"-d", db.dsn(user)});
        return test::pgtend(args);
    }
    // Of the n-th month from that of now: " FOR VALUES FROM (...) TO (...)".
    std::string bounds(int n) const
    {
        auto const at = [&](int more) {
            return db.value("SELECT to_char(date_trunc('month', now() AT TIME ZONE 'UTC') + '" +
                            std::to_string(n + more) + " months', 'YYYY-MM-DD') || ' 00:00:00+00'");
        };
        return " FOR VALUES FROM ('" + at(0) + "') TO ('" + at(1) + "')";
    }
};

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("what partition create has made is as it should be, exit 0; a hole and rows in the "
              "default partition are not, exit 3")
    {
        place p;
        auto const before = p.run({"partition", "status"});
        CHECK(before.code == 3);
        CHECK(has(before.out, "public.orders has no partition for now, rows are refused; premake "
                              "2 asks for partitions until "));
        CHECK(has(before.out, "HINT: partition create makes them"));
        CHECK(has(before.out, "|.")); // now, missing
        CHECK(p.run({"partition", "create"}).code == 0);
        auto const made = p.run({"partition", "status"});
        CHECK(made.err == "");
        CHECK(made.code == 0);
        CHECK(has(made.out, "public.orders\n  20"));
        CHECK(has(made.out, "|#"));
        CHECK(has(made.out, "# present   | before that of now"));

        p.s.run("CREATE TABLE far PARTITION OF orders" + p.bounds(5));
        p.s.run("CREATE TABLE rest PARTITION OF orders DEFAULT");
        // Counters are sent when a session ends.
        p.db.psql("INSERT INTO orders VALUES (1, now() + '3 months'), (2, '2001-01-01')");
        test::eventually("the rows are counted", [&] {
            return p.db.value("SELECT pg_stat_get_live_tuples('rest'::regclass)") == "2";
        });
        auto const wrong = p.run({"-o", "json", "partition", "status"});
        CHECK(wrong.code == 3);
        CHECK(has(wrong.out, "\"schema\": \"pgtend/partition-status/1\""));
        CHECK(has(wrong.out, "\"kind\": \"hole\""));
        CHECK(has(wrong.out, "\"kind\": \"default_rows\""));
        CHECK(has(wrong.out, "public.orders has about 2 rows in the default partition"));
        CHECK(has(wrong.out, "\"state\": \"missing\""));
        CHECK(has(wrong.out, "\"default_rows_exact\": false"));
        CHECK(!has(wrong.out, "\"kind\": \"runway\""));
        // The row of in three months is in the way of nothing that is wanted yet; with more it is.
        auto const exact = p.by_hand({"partition", "status", "public.orders", "--key", "ts",
                                      "--every", "month", "--premake", "4", "--exact"});
        CHECK(exact.code == 3);
        CHECK(has(exact.out, "public.orders has 2 rows in the default partition public.rest, in "
                             "the way of orders_20"));
        CHECK(has(exact.out, ": 1 row\n"));
    }

    TEST_CASE("somebody who has locked all of it stops nothing: only catalogs are read")
    {
        place p;
        CHECK(p.run({"partition", "create"}).code == 0);
        p.s.run("CREATE TABLE rest PARTITION OF orders DEFAULT");
        p.s.run("CREATE INDEX ON orders (id)");
        p.s.begin();
        p.s.run("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE"); // and all below it
        test::process status{{"-c", p.config, "partition", "status"}};
        auto const done = status.wait(std::chrono::seconds{20});
        CHECK(done.code == 0);
        CHECK(has(done.out, "public.orders"));
        // --exact reads the default partition, and does not wait for long.
        test::process exact{{"-c", p.config, "partition", "status", "--exact"}};
        auto const tried = exact.wait(std::chrono::seconds{20});
        CHECK(has(tried.out, "public.rest could not be counted: canceling statement due to lock "
                             "timeout"));
        CHECK(tried.code == 0);
        p.s.rollback();
    }

    TEST_CASE("an unprivileged role is told all that catalogs tell; what it cannot count is said "
              "with the GRANT")
    {
        place p;
        test::role const clerk{p.s, "status_clerk", "LOGIN"};
        CHECK(p.run({"partition", "create"}).code == 0);
        p.s.run("CREATE TABLE rest PARTITION OF orders DEFAULT");
        auto const see = [&](std::vector<std::string> args) {
            args.insert(args.begin(), {"partition", "status"});
            return p.by_hand(args, clerk.name());
        };
        auto const plain = see({});
        CHECK(plain.code == 0);
        CHECK(has(plain.out, "RANGE (ts)"));
        auto const denied = see({"--exact"});
        CHECK(denied.code == 0);
        CHECK(has(denied.out, "GRANT SELECT ON \"public\".\"rest\" TO \"" + clerk.name() + "\""));
        CHECK(has(denied.out, "RANGE (ts)"));
        // Rows that a policy hides are not counted as none.
        p.s.run("GRANT SELECT ON rest TO " + clerk.name());
        p.s.run("ALTER TABLE rest ENABLE ROW LEVEL SECURITY");
        p.s.run("INSERT INTO orders VALUES (1, '2001-01-01')");
        auto const hidden = see({"--exact"});
        CHECK(has(hidden.out, "could not be counted: query would be affected by row-level "
                              "security policy"));
    }

    TEST_CASE("without a file: every partitioned table of the database, each by its own measure")
    {
        place p;
        p.s.run("CREATE TABLE regions (r text) PARTITION BY LIST (r)");
        p.s.run("CREATE TABLE region_a PARTITION OF regions FOR VALUES IN ('a')");
        p.s.run("CREATE TABLE shards (id int) PARTITION BY HASH (id)");
        p.s.run("CREATE TABLE shard_0 PARTITION OF shards FOR VALUES WITH (MODULUS 2, REMAINDER "
                "0)");
        p.s.run("CREATE TABLE now_only PARTITION OF orders" + p.bounds(0));
        p.s.run("CREATE TABLE gone PARTITION OF orders" + p.bounds(-1));
        auto const fine = p.by_hand({"partition", "status"});
        CHECK(fine.code == 0);
        CHECK(has(fine.out, "public.regions is partitioned by LIST (r), not by time"));
        CHECK(has(fine.out, "public.shards is partitioned by HASH (id), not by time"));
        p.s.run("UPDATE pg_inherits SET inhdetachpending = true WHERE inhrelid = 'gone'::regclass");
        p.s.run("ALTER TABLE shard_0 ENABLE ROW LEVEL SECURITY");
        auto const wrong = p.by_hand({"-o", "json", "partition", "status"});
        CHECK(wrong.code == 3);
        CHECK(has(wrong.out, "\"kind\": \"pending_detach\""));
        CHECK(has(wrong.out, "\"state\": \"pending\""));
        CHECK(has(wrong.out, "\"attribute\": \"row_security\""));
        auto const ignoring = p.by_hand(
            {"-o", "json", "partition", "status", "public.shards", "--ignore", "row_security"});
        CHECK(ignoring.code == 0);
        CHECK(!has(ignoring.out, "public.orders"));
        // With a file its tables, with --all the others, too.
        CHECK(!has(p.run({"partition", "status"}).out, "public.shards"));
        CHECK(has(p.run({"partition", "status", "--all"}).out, "public.shards"));
    }

    TEST_CASE("names: of a table that does not exist, of one that is none, of an attribute")
    {
        place p;
        p.s.run("CREATE TABLE plain (id int)");
        auto const missing = p.by_hand({"partition", "status", "public.ordres"});
        CHECK(missing.code == 3);
        CHECK(has(missing.out, "partitioned table public.ordres does not exist"));
        CHECK(has(missing.out, "HINT: did you mean public.orders?"));
        CHECK(has(p.by_hand({"partition", "status", "plain"}).out,
                  "public.plain is a table, not a partitioned table"));
        auto const wrong = p.by_hand({"partition", "status", "--ignore", "row_securty"});
        CHECK(wrong.code == 2);
        CHECK(has(wrong.err, "did you mean row_security?"));
        CHECK(p.by_hand({"partition", "status", "--key", "ts", "--every", "month"}).code == 2);
    }

    TEST_CASE("a name that is taken is told before the month of its partition")
    {
        place p;
        CHECK(p.run({"partition", "create"}).code == 0);
        auto const name = p.db.value("SELECT 'orders_' || to_char(date_trunc('month', now() AT "
                                     "TIME ZONE 'UTC') + '6 months', 'YYYY_MM')");
        p.s.run("CREATE VIEW " + name + " AS SELECT 1 AS one");
        auto const seen = p.run({"partition", "status"});
        CHECK(seen.code == 3);
        CHECK(has(seen.out, "public." + name + " exists already (view)"));
    }
}
