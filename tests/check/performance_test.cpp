// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <thread>

#include "support/look.hpp"
#include "support/own_server.hpp"
#include "support/process.hpp"

using namespace pgtend;
using namespace pgtend::test;

TEST_SUITE("db")
{
    TEST_CASE("blocks read, deadlocks")
    {
        database const db;
        auto s = db.connect();
        auto const object = "database " + db.name();
        CHECK(look(s, "performance.cache").empty());
        CHECK(look(s, "performance.deadlocks").empty());

        s.run("CREATE TABLE t (id int)");
        s.run("INSERT INTO t VALUES (1), (2)");
        auto other = db.connect();
        for (auto *each : {&s, &other}) {
            each->run("SET deadlock_timeout = '10ms'");
            each->begin();
        }
        s.run("UPDATE t SET id = id WHERE id = 1");
        other.run("UPDATE t SET id = id WHERE id = 2");
        {
            std::jthread const second{[&] {
                try {
                    other.run("UPDATE t SET id = id WHERE id = 1");
                } catch (error const &) {
                }
                other.rollback();
            }};
            try {
                s.run("UPDATE t SET id = id WHERE id = 2");
            } catch (error const &) {
            }
            s.rollback();
        }
        eventually("it was counted", [&] {
            s.run("SELECT 1");
            other.run("SELECT 1");
            return !look(s, "performance.deadlocks").empty();
        });
        CHECK(look(s, "performance.deadlocks") == list{"info " + object});
        CHECK(about(s, "performance.deadlocks", object).message.ends_with(": 1, or 1.00 a day"));

        eventually("blocks were counted", [&] {
            s.run("SELECT 1");
            return !look(s, "performance.cache", {100.1, 0}).empty();
        });
        CHECK(look(s, "performance.cache", {100.1, 0}) == list{"warning " + object});
        CHECK(look(s, "performance.cache", {100.1, 1e6}).empty()); // too few to mean something
    }

    TEST_CASE("checkpoints that were asked for, pg_stat_statements")
    {
        own_server const server;
        auto s = open(server.dsn());
        CHECK(look(s, "performance.checkpoints").empty());
        for (int i = 0; i < 25; ++i) {
            s.batch("SELECT txid_current(); ");
            s.run("CHECKPOINT");
        }
        eventually("they were counted",
                   [&] { return !look(s, "performance.checkpoints").empty(); });
        CHECK(look(s, "performance.checkpoints") == list{"info max_wal_size"});
        s.run(about(s, "performance.checkpoints", "max_wal_size").fix);

        auto const statements = [&] {
            return about(s, "performance.statements", "pg_stat_statements");
        };
        CHECK(look(s, "performance.statements") == list{"info pg_stat_statements"});
        CHECK(look(s, "performance.slow_statements") == list{"needs pg_stat_statements"});
        CHECK(statements().fix.empty()); // a restart is needed first
        s.run("CREATE EXTENSION pg_stat_statements");
        CHECK(statements().message ==
              "is installed, but not in shared_preload_libraries: it counts nothing");
        s.run("DROP EXTENSION pg_stat_statements");
        s.run("ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'");
        server.restart("fast");
        s = open(server.dsn());
        CHECK(s.run("SHOW max_wal_size").text(0, 0) == "2GB");
        s.run(statements().fix);
        CHECK(look(s, "performance.statements").empty());
    }

    TEST_CASE("statements that are slow on the average, without what nobody should read")
    {
        own_server const server;
        server.psql("ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'");
        server.psql("CREATE ROLE managed LOGIN IN ROLE pg_monitor; CREATE ROLE bare LOGIN");
        server.restart("fast");
        auto s = open(server.dsn());
        constexpr auto id = "performance.slow_statements";
        CHECK(look(s, id) == list{"needs pg_stat_statements"}); // loaded, not installed
        s.batch("CREATE SCHEMA \"Ext\"; CREATE EXTENSION pg_stat_statements SCHEMA \"Ext\"");
        CHECK(look(s, id).empty());
        for (int i = 0; i < 4; ++i) {
            s.run("/* from\n page 7 */ SELECT  pg_sleep(0.02), 'words'");
            s.run("ALTER ROLE bare PASSWORD 'tell-no-one'");
        }
        s.run("SELECT pg_sleep(0.02)"); // once
        auto const found = ask(s, id, {15, 4});
        REQUIRE(found.size() == 1);
        CHECK(found[0].object.starts_with("statement "));
        CHECK(found[0].severity == "info");
        CHECK(found[0].value >= 20);
        CHECK(found[0].message.ends_with(
            " ms on the average of 4 calls as postgres, 0 s in all: SELECT pg_sleep($1), $2"));
        CHECK(look(s, id, {15, 5}).empty());
        for (auto const &each : ask(s, id, {0, 1})) {
            CHECK(each.message.find("tell-no-one") == std::string::npos);
        }

        auto managed = open(server.dsn() + " user=managed"),
             bare = open(server.dsn() + " user=bare");
        list const closed{"needs USAGE on schema \"Ext\", and SELECT on its pg_stat_statements"};
        CHECK(look(managed, id, {15, 4}) == closed);
        CHECK(look(bare, id, {15, 4}) == closed);
        s.run("GRANT USAGE ON SCHEMA \"Ext\" TO PUBLIC");
        CHECK(look(managed, id, {15, 4}) == list{"info " + found[0].object});
        CHECK(look(bare, id, {15, 4}) == list{"needs pg_read_all_stats"});
    }
}
