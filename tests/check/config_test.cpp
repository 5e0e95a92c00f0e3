// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <fstream>

#include "base/duration.hpp"
#include "support/faked_clock.hpp"
#include "support/look.hpp"
#include "support/own_server.hpp"
#include "support/process.hpp"

using namespace pgtend;
using namespace pgtend::test;
using namespace std::chrono_literals;

namespace {

void carry_out(pg::session &s, std::string_view id)
{
    for (auto const &each : ask(s, id)) {
        s.run(each.fix);
    }
    s.run("SELECT pg_reload_conf()");
}

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("settings of a server")
    {
        own_server const server;
        auto s = open(server.dsn());
        s.run("CREATE ROLE bare LOGIN");
        auto bare = open(server.dsn() + " user=bare");
        CHECK(look(s, "config.durability") == list{"error fsync", "error full_page_writes"});
        carry_out(s, "config.durability");
        eventually("they are on", [&] { return look(s, "config.durability").empty(); });

        CHECK(look(s, "config.logging").back() == "info log_lock_waits");
        carry_out(s, "config.logging");
        eventually("it is logged", [&] { return look(s, "config.logging").empty(); });

        CHECK(look(s, "config.memory") == list{"info shared_buffers"});
        CHECK(look(s, "config.pending_restart").empty());
        s.batch("ALTER SYSTEM SET shared_buffers = '129MB'");
        s.run("SELECT pg_reload_conf()");
        eventually("it waits", [&] { return !look(s, "config.pending_restart").empty(); });
        CHECK(look(s, "config.pending_restart") == list{"warning shared_buffers"});
        CHECK(about(s, "config.pending_restart", "shared_buffers").message ==
              "is 128MB until the server is started anew");
        CHECK(look(bare, "config.pending_restart") ==
              list{"warning shared_buffers", "needs pg_read_all_settings"});

        CHECK(look(s, "config.timeouts") == list{"info idle_in_transaction_session_timeout"});
        CHECK(look(s, "config.client_check") == list{"info client_connection_check_interval"});
        s.run("ALTER ROLE bare SET idle_in_transaction_session_timeout = 0");
        CHECK(look(s, "config.timeouts").size() == 1); // that is none
        carry_out(s, "config.timeouts");
        carry_out(s, "config.client_check");

        server.restart("fast");
        s = open(server.dsn());
        for (auto const *id : {"config.memory", "config.pending_restart", "config.timeouts",
                               "config.client_check"}) {
            INFO(id);
            CHECK(look(s, id).empty());
        }
    }

    TEST_CASE("pages with a wrong checksum, or none")
    {
        own_server const server;
        auto s = open(server.dsn());
        if (!s.run("SELECT current_setting('data_checksums')::bool").flag(0, 0)) { // before 18
            CHECK(look(s, "config.checksums") == list{"info data_checksums"});
            return;
        }
        CHECK(look(s, "config.checksums").empty());
        s.run("CREATE TABLE t AS SELECT 1 AS id");
        auto const file =
            server.directory() + "/data/" + s.run("SELECT pg_relation_filepath('t')").text(0, 0);
        server.restart("fast");
        {
            std::fstream page{file, std::ios::in | std::ios::out | std::ios::binary};
            page.seekp(8000);
            page.write("damage", 6);
        }
        s = open(server.dsn());
        CHECK_THROWS_AS(s.run("SELECT * FROM t"), error);
        eventually("it was counted", [&] { return !look(s, "config.checksums").empty(); });
        CHECK(look(s, "config.checksums") == list{"error database postgres"});
    }

    TEST_CASE("an extension behind its files")
    {
        database const db;
        auto s = db.connect();
        CHECK(look(s, "config.extensions").empty());
        s.run("CREATE EXTENSION pg_trgm VERSION '1.3'");
        CHECK(look(s, "config.extensions") == list{"warning extension pg_trgm"});
        s.run(about(s, "config.extensions", "extension pg_trgm").fix);
        CHECK(look(s, "config.extensions").empty());
    }

    TEST_CASE("a partitioned table that the lock table has no room for")
    {
        own_server const server;
        for (auto const *setting : {"max_connections = 20", "max_prepared_transactions = 0",
                                    "max_wal_senders = 2", "max_locks_per_transaction = 10"}) {
            server.psql(std::string{"ALTER SYSTEM SET "} + setting);
        }
        server.restart("fast");
        auto s = open(server.dsn());
        s.run("CREATE TABLE \"Many\" (id int PRIMARY KEY) PARTITION BY LIST (id)");
        s.run("CREATE TABLE few (id int PRIMARY KEY) PARTITION BY LIST (id)");
        s.run("CREATE TABLE few_1 PARTITION OF few FOR VALUES IN (1)");
        for (int i = 0; i < 48; ++i) {
            auto const n = std::to_string(i);
            s.run("CREATE TABLE many_" + n + " PARTITION OF \"Many\" FOR VALUES IN (" + n + ")");
        }
        CHECK(look(s, "config.lock_table").empty()); // 98 of 200
        s.run("CREATE TABLE many_48 PARTITION OF \"Many\" FOR VALUES IN (48)");
        CHECK(look(s, "config.lock_table") == list{"warning public.\"Many\""});
        auto const found = about(s, "config.lock_table", "public.\"Many\"");
        CHECK(found.message == "its partitions and indexes take 100 locks, 50 % of the 200 that "
                               "the server has for all sessions");
        s.run(found.fix);
        server.restart("fast");
        s = open(server.dsn());
        CHECK(s.run("SHOW max_locks_per_transaction").text(0, 0) == "20");
        CHECK(look(s, "config.lock_table").empty());
    }

    TEST_CASE("the end of a major version")
    {
        static constexpr char const *ends[] = {"2026-11-12T12:00:00Z", "2027-11-11T12:00:00Z",
                                               "2028-11-09T12:00:00Z", "2029-11-08T12:00:00Z",
                                               "2030-11-14T12:00:00Z"};
        faked_clock time{system_clock{}.now()};
        own_server const server{time.of_server()};
        auto s = open(server.dsn());
        auto const major = s.server_version() / 10'000;
        REQUIRE(major >= 14);
        REQUIRE(major <= 18);
        auto const end = parse_rfc3339(ends[major - 14]);
        auto const at = [&](instant now) {
            time.set(now);
            return look(s, "config.version");
        };
        auto const object = "PostgreSQL " + std::to_string(major);
        CHECK(at(end - 24h * 180).empty());
        CHECK(at(end - 24h * 179) == list{"warning " + object});
        CHECK(at(end) == list{"warning " + object});
        CHECK(at(end + 24h) == list{"error " + object});
    }

    TEST_CASE("minor versions, as far as they were known")
    {
        database const db;
        auto s = db.connect();
        auto const rules = check::chosen({.only = {"config.minor_version"}, .skip = {}});
        // As a server of this version would say on this day.
        auto const at = [&](std::string const &version, std::string const &day) {
            std::string query{rules.front()->query};
            for (auto const &[what, with] :
                 {std::pair{std::string{"pg_catalog.current_setting('server_version_num')"},
                            "'" + version + "'"},
                  std::pair{std::string{"pg_catalog.now()"}, "timestamptz '" + day + " 12:00Z'"}}) {
                REQUIRE(query.find(what) != std::string::npos);
                for (auto i = query.find(what); i != std::string::npos; i = query.find(what)) {
                    query.replace(i, what.size(), with);
                }
            }
            auto of = *rules.front();
            of.query = query;
            list out;
            for (auto const &each : ask(s, of)) {
                out.push_back(each.needs.empty() ? each.object + ": " + each.message.substr(0, 19)
                                                 : "needs " + each.needs.substr(0, 14));
            }
            return out;
        };
        CHECK(at("150017", "2026-06-13").empty()); // 30 days after its successor
        CHECK(at("150017", "2026-06-14") == list{"PostgreSQL 15.17: it is of 2026-02-26"});
        CHECK(at("160000", "2023-09-20").empty());
        CHECK(at("160000", "2024-09-20").size() == 1);
        // One that was never released, and one that is newer than all that are known.
        CHECK(at("180005", "2026-10-01").size() == 1);
        CHECK(at("180099", "2026-10-01").empty());
        // The newest that is known, a long time later.
        CHECK(at("180099", "2036-10-01") == list{"needs a newer pgtend"});
        CHECK(at("170000", "2036-10-01").size() == 1); // it is older in any case
        auto const real = look(s, "config.minor_version");
        CHECK(real.size() <= 1);
    }
}
