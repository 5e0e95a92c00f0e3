// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <thread>

#include "support/look.hpp"
#include "support/own_server.hpp"
#include "support/process.hpp"

using namespace pgtend;
using namespace pgtend::test;

namespace {

// As if this many transactions had passed since.
std::string ago(long long transactions)
{
    return fmt::format("((txid_current() - {} + 4294967296) % 4294967296)::text::xid",
                       transactions);
}

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("tables that autovacuum does not serve")
    {
        database const db;
        db.psql(R"(
CREATE SCHEMA app;
CREATE TABLE app."Off" (id int) WITH (autovacuum_enabled = off);
CREATE TABLE app.wide (id int, body text);
ALTER TABLE app.wide ALTER body SET STORAGE EXTERNAL, SET (autovacuum_vacuum_threshold = 1000000, autovacuum_enabled = off);
CREATE TABLE app.patient (id int) WITH (autovacuum_enabled = off, autovacuum_vacuum_threshold = 1500);
CREATE SCHEMA pgtend; CREATE TABLE pgtend.own (id int) WITH (autovacuum_enabled = off); INSERT INTO pgtend.own SELECT generate_series(1, 3000);
CREATE MATERIALIZED VIEW app.totals AS SELECT 1 AS n; ALTER MATERIALIZED VIEW app.totals SET (autovacuum_enabled = 'no');
CREATE TABLE app.normal (id int) WITH (autovacuum_enabled = yes);
CREATE TABLE app.p (id int) PARTITION BY LIST (id); CREATE TABLE app.p1 PARTITION OF app.p FOR VALUES IN (1);
INSERT INTO app.p SELECT 1 FROM generate_series(1, 3000); ANALYZE app.p1;
INSERT INTO app."Off" SELECT generate_series(1, 3000); INSERT INTO app.patient SELECT generate_series(1, 3000);
INSERT INTO app.wide SELECT g, repeat('x', 3000) FROM generate_series(1, 700) g;
)");
        auto s = db.connect();
        eventually("the statistics are there",
                   [&] { return look(s, "vacuum.never_analyzed").size() == 3; });
        CHECK(look(s, "vacuum.never_analyzed") ==
              list{"warning app.\"Off\"", "warning app.p", "warning app.patient"});
        CHECK(about(s, "vacuum.never_analyzed", "app.p").message ==
              "3,000 rows, never analyzed: autovacuum does not do it for a partitioned table");
        for (auto const &each : ask(s, "vacuum.never_analyzed")) {
            s.run(each.fix);
        }
        eventually("they are analyzed", [&] { return look(s, "vacuum.never_analyzed").empty(); });

        CHECK(look(s, "vacuum.dead_rows").empty());
        db.psql("DELETE FROM app.\"Off\" WHERE id <= 2000; DELETE FROM app.patient; "
                "DELETE FROM app.wide; DELETE FROM pgtend.own");
        // Off: 50 + 0.2 * 3000 = 650; patient: 1500 + 600, less than twice. The TOAST table follows
        // its table, until it has an option.
        eventually("the statistics are there",
                   [&] { return !look(s, "vacuum.dead_rows").empty(); });
        CHECK(look(s, "vacuum.dead_rows") == list{"warning app.\"Off\""});
        CHECK(about(s, "vacuum.dead_rows", "app.\"Off\"").message ==
              "2,000 dead rows, 3.1 times the 650 that autovacuum waits for");
        s.run("ALTER TABLE app.wide SET (toast.autovacuum_vacuum_threshold = 100, "
              "toast.autovacuum_enabled = off)");
        CHECK(look(s, "vacuum.dead_rows") == list{"warning app.wide", "warning app.\"Off\""});
        if (s.server_version() >= 180'000) {
            s.run("ALTER TABLE app.patient SET (autovacuum_vacuum_max_threshold = 1000)");
            CHECK(look(s, "vacuum.dead_rows") ==
                  list{"warning app.wide", "warning app.\"Off\"", "warning app.patient"});
        }

        auto uncounted = db.connect();
        uncounted.run("SET track_counts = off");
        for (auto const *id : {"vacuum.dead_rows", "vacuum.never_analyzed"}) {
            auto const said = look(uncounted, id);
            CHECK(std::count(said.begin(), said.end(), "needs track_counts = on") == 1);
        }

        CHECK(look(s, "vacuum.disabled") == list{"warning app.\"Off\"", "warning app.patient",
                                                 "warning app.totals", "warning app.wide",
                                                 "warning app.wide"});
        for (auto const &each : ask(s, "vacuum.disabled")) {
            s.run(each.fix);
        }
        CHECK(look(s, "vacuum.disabled").empty());

        CHECK(look(s, "vacuum.scale_factor").empty());
        s.run("UPDATE pg_class SET reltuples = 3e7 WHERE relname IN ('Off', 'normal')");
        s.run("ALTER TABLE app.normal SET (autovacuum_vacuum_scale_factor = 0.02)");
        CHECK(look(s, "vacuum.scale_factor") == list{"info app.\"Off\""});
        CHECK(about(s, "vacuum.scale_factor", "app.\"Off\"").message ==
              "30,000,000 rows: autovacuum waits for 6,000,050 dead ones");
        s.run(about(s, "vacuum.scale_factor", "app.\"Off\"").fix);
        CHECK(look(s, "vacuum.scale_factor").empty());
    }

    TEST_CASE("who holds back vacuum")
    {
        own_server const server;
        auto s = open(server.dsn());
        s.run("CREATE ROLE bare LOGIN");
        s.run("SELECT pg_create_logical_replication_slot('forgotten', 'pgoutput')");
        s.batch("BEGIN; CREATE TABLE later (); PREPARE TRANSACTION 'left'");
        auto reader = open(server.dsn());
        reader.begin(pg::isolation::repeatable_read);
        reader.run("SELECT 1");
        CHECK(look(s, "vacuum.horizon").empty());
        for (int i = 0; i < 20; ++i) {
            s.run("SELECT txid_current()");
        }
        auto const pid = "pid " + std::to_string(reader.backend_pid());
        auto const all = ask(s, "vacuum.horizon", {10, 1000});
        auto const sorted = [](list of) {
            std::sort(of.begin(), of.end());
            return of;
        };
        CHECK(sorted(look(s, "vacuum.horizon", {10, 1000})) ==
              list{"warning " + pid, "warning prepared transaction 'left'",
                   "warning replication slot forgotten"});
        CHECK(about(s, "vacuum.horizon", pid, {10, 15}).severity == "error");
        auto bare = open(server.dsn() + " user=bare");
        CHECK(sorted(look(bare, "vacuum.horizon", {10, 1000})) ==
              list{"needs pg_read_all_stats", "warning prepared transaction 'left'",
                   "warning replication slot forgotten"});
        for (auto const &each : all) {
            s.run(each.fix);
        }
        eventually("nobody does", [&] { return look(s, "vacuum.horizon", {10, 1000}).empty(); });
    }

    TEST_CASE("ids that run out, tables that nobody froze")
    {
        own_server const server;
        server.psql("ALTER SYSTEM SET autovacuum_naptime = '1d'"); // it would come at once
        server.restart("fast");
        auto s = open(server.dsn());
        CHECK(look(s, "vacuum.wraparound").empty());
        s.batch("CREATE TABLE \"Old\" (id int, filler text) WITH (fillfactor = 10); CREATE TABLE "
                "own (id int) "
                "WITH (autovacuum_freeze_max_age = 100000); CREATE TABLE young (id int); "
                "INSERT INTO \"Old\" SELECT g, repeat('x', 500) FROM generate_series(1, 300) g");
        CHECK(look(s, "vacuum.overdue").empty());
        s.batch("UPDATE pg_class SET relfrozenxid = " + ago(230'000'000) +
                " WHERE relname = 'Old'; UPDATE pg_class SET relfrozenxid = " + ago(190'000) +
                " WHERE relname IN ('own', 'young')");
        CHECK(look(s, "vacuum.overdue") == list{"error public.own", "warning public.\"Old\""});
        CHECK(about(s, "vacuum.overdue", "public.\"Old\"")
                  .message.ends_with(
                      " transactions old, 115 % of the age at which autovacuum freezes it"));

        // Not while somebody vacuums it.
        auto worker = open(server.dsn());
        worker.batch("SET vacuum_cost_delay = '100ms'; SET vacuum_cost_limit = 1");
        std::jthread vacuum{[&](std::stop_token const &stop) {
            try {
                worker.run("VACUUM (FREEZE) \"Old\"", {}, {.stop = stop});
            } catch (error const &) {
            }
        }};
        eventually("it is being vacuumed",
                   [&] { return look(s, "vacuum.overdue") == list{"error public.own"}; });
        vacuum.request_stop();
        eventually("no more", [&] { return look(s, "vacuum.overdue").size() == 2; });
        for (auto const &each : ask(s, "vacuum.overdue")) {
            s.run(each.fix);
        }
        CHECK(look(s, "vacuum.overdue").empty());

        // Multixacts have numbers of their own, of which this server has not used any.
        s.run(
            "UPDATE pg_class SET relminmxid = '3834967296' WHERE relname = 'young'"); // 460 million
        CHECK(look(s, "vacuum.overdue") == list{"warning public.young"});
        s.run(
            "UPDATE pg_database SET datminmxid = '2794967296' WHERE datname = 'template1'"); // 1.5
                                                                                             // billion
        CHECK(look(s, "vacuum.wraparound") == list{"warning database template1"});
        s.run("UPDATE pg_database SET datminmxid = '1' WHERE datname = 'template1'");

        s.run("UPDATE pg_database SET datfrozenxid = " + ago(1'200'000'000) +
              " WHERE datname = 'postgres'");
        CHECK(look(s, "vacuum.wraparound") == list{"warning database postgres"});
        s.run("UPDATE pg_class SET relfrozenxid = " + ago(1'900'000'000) +
              " WHERE relname = 'Old'");
        s.run("UPDATE pg_database SET datfrozenxid = " + ago(1'900'000'000) +
              " WHERE datname IN ('postgres', 'template1')");
        CHECK(look(s, "vacuum.wraparound") ==
              list{"error database postgres", "error database template1"});
        CHECK(about(s, "vacuum.wraparound", "database postgres").fix ==
              "VACUUM (FREEZE) public.\"Old\"");
        CHECK(
            about(s, "vacuum.wraparound", "database postgres").message.starts_with("1,900,000,00"));
    }

    TEST_CASE("autovacuum is off, or all its workers are busy")
    {
        own_server const server;
        server.psql("ALTER SYSTEM SET autovacuum_max_workers = 1");
        server.psql("ALTER SYSTEM SET autovacuum_naptime = '1s'");
        server.restart("fast");
        auto s = open(server.dsn());
        s.run("CREATE ROLE bare LOGIN");
        CHECK(look(s, "vacuum.disabled").empty());
        CHECK(look(s, "vacuum.workers").empty());
        // Slow enough to be seen.
        server.psql(
            "CREATE TABLE large (id int) WITH (fillfactor = 10, autovacuum_vacuum_cost_delay "
            "= 100, autovacuum_vacuum_cost_limit = 1); INSERT INTO large SELECT "
            "generate_series(1, 20000); DELETE FROM large");
        auto bare = open(server.dsn() + " user=bare");
        // Any other table, a catalog say, is done in a moment.
        eventually("the worker is busy", [&] {
            return !s.run("SELECT 1 FROM pg_stat_progress_vacuum WHERE relid = "
                          "'large'::regclass")
                        .empty();
        });
        CHECK(look(s, "vacuum.workers", {0}) == list{"warning autovacuum_max_workers"});
        CHECK(look(bare, "vacuum.workers", {0}) == list{"needs pg_read_all_stats"});
        CHECK(look(s, "vacuum.workers").empty()); // it has just begun

        s.run("ALTER SYSTEM SET autovacuum = off");
        s.run("SELECT pg_reload_conf()");
        eventually("it is off", [&] { return !look(s, "vacuum.disabled").empty(); });
        CHECK(look(s, "vacuum.disabled") == list{"error autovacuum"});
        s.run(about(s, "vacuum.disabled", "autovacuum").fix);
        s.run("SELECT pg_reload_conf()");
        eventually("it is on", [&] { return look(s, "vacuum.disabled").empty(); });
    }
}
