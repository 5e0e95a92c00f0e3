// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <fstream>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <thread>

#include "support/faked_clock.hpp"
#include "support/look.hpp"
#include "support/own_server.hpp"
#include "support/process.hpp"
#include "support/role.hpp"

using namespace pgtend;
using namespace pgtend::test;
using namespace std::chrono_literals;

namespace {

// An IPv4 address of this machine that is not the loopback's.
std::string address_of_this_machine()
{
    ifaddrs *all = nullptr;
    REQUIRE(::getifaddrs(&all) == 0);
    std::string out;
    for (auto const *each = all; each != nullptr && out.empty(); each = each->ifa_next) {
        if (each->ifa_addr != nullptr && each->ifa_addr->sa_family == AF_INET) {
            char text[INET_ADDRSTRLEN] = {};
            ::inet_ntop(AF_INET, &reinterpret_cast<sockaddr_in const *>(each->ifa_addr)->sin_addr,
                        text, sizeof text);
            if (!std::string_view{text}.starts_with("127.")) {
                out = text;
            }
        }
    }
    ::freeifaddrs(all);
    return out;
}

std::string pid(pg::session const &s)
{
    return "pid " + std::to_string(s.backend_pid());
}

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("what waits, idles or is forgotten, as time passes")
    {
        faked_clock time{system_clock{}.now()};
        own_server const server{time.of_server()};
        auto s = open(server.dsn());
        s.run("CREATE TABLE t (id int)");
        s.run("CREATE ROLE bare LOGIN");
        auto idle = open(server.dsn());
        idle.batch("SET idle_in_transaction_session_timeout = 0");
        idle.batch("BEGIN; LOCK TABLE t");
        s.batch("BEGIN; CREATE TABLE later (); PREPARE TRANSACTION 'it''s left'");
        auto waiting = open(server.dsn());
        std::jthread const waiter{[&](std::stop_token const &stop) {
            try {
                waiting.run("SELECT * FROM t", {}, {.stop = stop});
            } catch (error const &) {
            }
        }};
        eventually("it waits", [&] {
            return !s.run("SELECT 1 FROM pg_locks WHERE NOT granted AND waitstart IS NOT NULL")
                        .empty();
        });
        struct state {
            microseconds after;
            list idle, long_transaction, blocked, prepared;
        };
        auto const idler = pid(idle), waiter_pid = pid(waiting);
        std::string const left = "prepared transaction 'it''s left'";
        microseconds passed{0};
        for (auto const &[after, idles, longs, blocks, prepared] : std::vector<state>{
                 {55s, {}, {}, {}, {}},
                 {70s, {}, {}, {"warning " + waiter_pid}, {}},
                 {310s, {"warning " + idler}, {}, {"warning " + waiter_pid}, {"warning " + left}},
                 {910s, {"error " + idler}, {}, {"warning " + waiter_pid}, {"warning " + left}},
                 {3610s, {"error " + idler}, {}, {"warning " + waiter_pid}, {"error " + left}},
                 {12h + 10s,
                  {"error " + idler},
                  {"warning " + idler, "warning " + waiter_pid},
                  {"warning " + waiter_pid},
                  {"error " + left}},
                 {24h + 10s,
                  {"error " + idler},
                  {"error " + idler, "error " + waiter_pid},
                  {"warning " + waiter_pid},
                  {"error " + left}}}) {
            time.step(after - passed);
            passed = after;
            INFO("after ", std::chrono::duration_cast<seconds>(after).count(), " s");
            CHECK(look(s, "connection.idle_in_transaction") == idles);
            CHECK(look(s, "connection.long_transaction") == longs);
            CHECK(look(s, "connection.blocked") == blocks);
            CHECK(look(s, "connection.prepared") == prepared);
        }

        auto bare = open(server.dsn() + " user=bare");
        for (auto const *id : {"connection.idle_in_transaction", "connection.long_transaction"}) {
            CHECK(look(bare, id) == list{"needs pg_read_all_stats"});
        }
        CHECK(look(bare, "connection.blocked") == list{"warning " + waiter_pid});
        CHECK(look(bare, "connection.prepared") == list{"error " + left});

        auto const blocked = about(s, "connection.blocked", waiter_pid);
        CHECK(blocked.message.starts_with("postgres in database postgres, waits for "
                                          "AccessShareLock on public.t for 1 day 00:00:"));
        CHECK(blocked.message.ends_with(" behind " + idler + ", postgres, idle in transaction"));
        CHECK(about(s, "connection.idle_in_transaction", idler).fix == blocked.fix);
        s.run(blocked.fix);
        s.run(about(s, "connection.prepared", left).fix);
        eventually("the way is free", [&] {
            return look(s, "connection.blocked").empty() &&
                   look(s, "connection.idle_in_transaction").empty();
        });
        CHECK(look(s, "connection.prepared").empty());
    }

    TEST_CASE("connections against the limits of server, database and role")
    {
        database const db;
        auto s = db.connect();
        role const clerk{s, "Clerk", "LOGIN CONNECTION LIMIT 10"};
        s.run("ALTER DATABASE " + db.name() + " CONNECTION LIMIT 4");
        auto const object = "database " + db.name();
        auto const said_of_it = [&] {
            list out;
            for (auto const &each : look(s, "connection.use")) {
                if (each.ends_with(object) || each.find(clerk.name()) != std::string::npos) {
                    out.push_back(each);
                }
            }
            return out;
        };
        auto const second = db.connect();
        CHECK(said_of_it().empty());
        auto const third = db.connect();
        CHECK(said_of_it() == list{"warning " + object});
        CHECK(about(s, "connection.use", object).message ==
              "3 of 4 connections are in use (75.0 %)");
        auto const fourth = db.connect();
        CHECK(said_of_it() == list{"error " + object});
        s.run(about(s, "connection.use", object).fix);
        CHECK(said_of_it().empty());
        CHECK(about(s, "connection.use", "max_connections", {0.001, 100}).severity == "warning");
    }

    TEST_CASE("a session from another machine without encryption")
    {
        auto const address = address_of_this_machine();
        if (address.empty()) {
            MESSAGE("no session can come to this machine from another: it has only the loopback");
            return;
        }
        own_server const server;
        std::ofstream{server.directory() + "/data/pg_hba.conf", std::ios::app}
            << "host all all " << address << "/32 trust\n";
        server.psql("ALTER SYSTEM SET listen_addresses = '" + address + "'");
        server.psql("CREATE ROLE \"Clerk\" LOGIN");
        server.psql("CREATE ROLE bare LOGIN");
        server.restart("fast");
        auto s = open(server.dsn());
        CHECK(look(s, "connection.unencrypted").empty());
        auto const far = open(server.dsn() + " host=" + address + " user='Clerk'");
        CHECK(look(s, "connection.unencrypted") == list{"warning role \"Clerk\""});
        CHECK(about(s, "connection.unencrypted", "role \"Clerk\"").message ==
              "its sessions from " + address + " are not encrypted: 1");
        auto bare = open(server.dsn() + " user=bare");
        CHECK(look(bare, "connection.unencrypted") == list{"needs pg_read_all_stats"});
    }
}
