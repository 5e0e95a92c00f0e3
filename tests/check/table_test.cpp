// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "support/look.hpp"

using namespace pgtend;
using namespace pgtend::test;

TEST_SUITE("db")
{
    TEST_CASE("tables without a primary key, and constraints that were never validated")
    {
        database const db;
        auto s = db.connect();
        CHECK(look(s, "table.primary_key").empty());
        CHECK(look(s, "table.not_validated").empty());
        s.batch(R"(
CREATE SCHEMA "App";
CREATE TABLE "App".loose (id int);
CREATE TABLE "App".kept (id int PRIMARY KEY, n int, loose int);
CREATE TABLE "App".parted (id int) PARTITION BY LIST (id);
CREATE TABLE "App".parted_1 PARTITION OF "App".parted FOR VALUES IN (1);
CREATE TABLE "App".keyed (id int PRIMARY KEY) PARTITION BY LIST (id);
CREATE TABLE "App".keyed_1 PARTITION OF "App".keyed FOR VALUES IN (1);
CREATE TEMP TABLE passing (id int);
CREATE EXTENSION hstore; CREATE TABLE "App".of_extension (id int); ALTER EXTENSION hstore ADD TABLE "App".of_extension;
ALTER TABLE "App".kept ADD CONSTRAINT "Positive" CHECK (n > 0) NOT VALID, ADD CHECK (n < 9);
ALTER TABLE "App".loose ADD CONSTRAINT to_kept FOREIGN KEY (id) REFERENCES "App".kept NOT VALID;
)");
        CHECK(look(s, "table.primary_key") ==
              list{"warning \"App\".loose", "warning \"App\".parted"});
        CHECK(look(s, "table.not_validated") ==
              list{"warning \"App\".kept", "warning \"App\".loose"});
        CHECK(about(s, "table.not_validated", "\"App\".kept").message ==
              "\"Positive\" is NOT VALID: rows from before may break it");
        auto bare = open(db.dsn(server_variable("LOGIN")));
        CHECK(look(bare, "table.primary_key") == look(s, "table.primary_key"));
        CHECK(look(bare, "table.not_validated") == look(s, "table.not_validated"));
        for (auto const &each : ask(s, "table.not_validated")) {
            s.run(each.fix);
        }
        CHECK(look(s, "table.not_validated").empty());
    }

    TEST_CASE("columns that pg_upgrade refuses")
    {
        database const db;
        auto s = db.connect();
        CHECK(look(s, "table.reg_types").empty());
        s.batch(R"(
CREATE SCHEMA "App"; CREATE DOMAIN "App".proc AS regprocedure; CREATE TYPE "App".both AS (n int, o regoper);
CREATE TABLE "App".plain (id int, f regproc, t regtype, r regrole, c regclass);
CREATE TABLE "App".nested (a regconfig[], d "App".proc, b "App".both);
CREATE TABLE "App".parted (n regnamespace) PARTITION BY LIST (n); CREATE TABLE "App".part PARTITION OF "App".parted DEFAULT;
CREATE VIEW "App".shown AS SELECT 'now'::regproc; CREATE TABLE "App".gone (f regproc); ALTER TABLE "App".gone DROP f;
)");
        CHECK(look(s, "table.reg_types") == list{"warning \"App\".nested", "warning \"App\".nested",
                                                 "warning \"App\".nested", "warning \"App\".parted",
                                                 "warning \"App\".plain"});
        auto const plain = about(s, "table.reg_types", "\"App\".plain");
        CHECK(plain.message ==
              "its column f is of type regproc, with which pg_upgrade refuses the server");
        auto bare = open(db.dsn(server_variable("LOGIN")));
        CHECK(look(bare, "table.reg_types") == look(s, "table.reg_types"));
        s.run(plain.fix);
        CHECK(look(s, "table.reg_types").size() == 4);
    }

    TEST_CASE("tables with very many partitions")
    {
        database const db;
        auto s = db.connect();
        s.batch(
            "CREATE TABLE public.few (id int) PARTITION BY LIST (id); CREATE TABLE public.few_1 "
            "PARTITION OF public.few FOR VALUES IN (1)");
        CHECK(look(s, "partition.count").empty());
        CHECK(look(s, "partition.count", {2, 3}).empty());
        CHECK(look(s, "partition.count", {1, 2}) == list{"warning public.few"});
        s.batch("CREATE TABLE public.few_2 PARTITION OF public.few FOR VALUES IN (2) PARTITION BY "
                "LIST (id); CREATE TABLE public.few_3 PARTITION OF public.few_2 FOR VALUES IN (2)");
        CHECK(look(s, "partition.count", {1, 3}) == list{"error public.few"});
        CHECK(about(s, "partition.count", "public.few", {1, 3}).message == "has 3 partitions");
    }

    TEST_CASE("settings of a role that change what its jobs do")
    {
        database const db;
        auto s = db.connect();
        CHECK(look(s, "config.role_settings").empty());
        auto const database = "ALTER DATABASE " + db.name() + " SET ";
        s.run(database + "session_replication_role = 'replica'");
        s.run(database + "statement_timeout = '200ms'");
        CHECK(look(s, "config.role_settings") ==
              list{"warning session_replication_role", "warning statement_timeout"});
        CHECK(about(s, "config.role_settings", "session_replication_role").message ==
              "is replica for every role in this database: triggers and foreign keys do not work "
              "for the rows that jobs change");
        for (auto const &each : ask(s, "config.role_settings")) {
            s.run(each.fix);
        }
        CHECK(look(s, "config.role_settings").empty());
        for (auto const *harmless : {"statement_timeout = '30s'", "statement_timeout = 0",
                                     "session_replication_role = origin", "search_path = 'app'",
                                     "default_transaction_read_only = on"}) {
            s.run("SET default_transaction_read_only = off");
            s.run(database + harmless);
        }
        CHECK(look(s, "config.role_settings").empty());
    }
}
