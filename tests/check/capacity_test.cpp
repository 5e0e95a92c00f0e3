// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "support/look.hpp"
#include "support/process.hpp"
#include "support/role.hpp"

using namespace pgtend;
using namespace pgtend::test;

TEST_SUITE("db")
{
    TEST_CASE("sequences and keys near their end, and who may not see them")
    {
        database const db;
        auto s = db.connect();
        for (auto const *sql :
             {"CREATE SCHEMA \"App\"", "CREATE TABLE \"App\".orders (id serial, code smallserial)",
              "CREATE TABLE \"App\".items (id int GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME "
              "\"App\".big))",
              "CREATE SEQUENCE \"App\".shared", // a bigint that feeds an int
              "CREATE TABLE \"App\".p (id int DEFAULT nextval('\"App\".shared'), x int) PARTITION "
              "BY LIST (x)",
              "CREATE TABLE \"App\".p1 PARTITION OF \"App\".p FOR VALUES IN (1)",
              "CREATE SEQUENCE \"App\".down INCREMENT -1 MINVALUE -100 MAXVALUE -1",
              "CREATE SEQUENCE \"App\".round MAXVALUE 100 CYCLE",
              "CREATE SEQUENCE \"App\".short MAXVALUE 100", "CREATE SEQUENCE \"App\".unused",
              "SELECT setval('\"App\".orders_id_seq', 1700000000)",
              "SELECT setval('\"App\".shared', 1100000000)", "SELECT setval('\"App\".down', -95)",
              "SELECT setval('\"App\".round', 99)", "SELECT setval('\"App\".short', 80)"}) {
            s.run(sql);
        }
        CHECK(look(s, "capacity.sequence") ==
              list{"error \"App\".down", "warning \"App\".short", "warning \"App\".orders_id_seq"});
        CHECK(look(s, "capacity.int4_key") ==
              list{"error \"App\".orders.id", "warning \"App\".p.id"});
        CHECK(about(s, "capacity.int4_key", "\"App\".orders.id").message ==
              "its sequence is at 1,700,000,000 of the 2,147,483,647 that the column can hold "
              "(79.2 %)");
        s.run(about(s, "capacity.sequence", "\"App\".orders_id_seq").fix);
        s.run(about(s, "capacity.sequence", "\"App\".short").fix);
        CHECK(look(s, "capacity.sequence") == list{"error \"App\".down"});

        role const bare{s, "bare", "LOGIN"};
        auto other = open(db.dsn(bare.name()));
        CHECK(look(other, "capacity.sequence") ==
              list{"needs SELECT or USAGE on 7 sequences, such as \"App\".big"});
        CHECK(look(other, "capacity.int4_key") ==
              list{"needs SELECT or USAGE on the sequences of 4 columns, such as "
                   "\"App\".items.id"});
    }

    TEST_CASE("a large table with a time, temporary files")
    {
        database const db;
        auto s = db.connect();
        for (auto const *sql :
             {"CREATE TABLE events (id bigint, \"At\" timestamptz, day date)",
              "CREATE TABLE timeless (id bigint)", "CREATE TABLE small (at timestamptz)",
              "UPDATE pg_class SET relpages = 20000000 WHERE relname IN ('events', 'timeless')",
              "SET work_mem = '64kB'", "SELECT g FROM generate_series(1, 300000) g ORDER BY -g"}) {
            s.run(sql);
        }
        CHECK(look(s, "capacity.big_table") == list{"info public.events"});
        CHECK(about(s, "capacity.big_table", "public.events").message ==
              "153 GB, not partitioned, with the time in \"At\", day");

        CHECK(look(s, "capacity.temp_files").empty()); // some MB
        eventually("the statistics are there",
                   [&] { return !look(s, "capacity.temp_files", {1e-6}).empty(); });
        CHECK(look(s, "capacity.temp_files", {1e-6}) == list{"info database " + db.name()});
    }
}
