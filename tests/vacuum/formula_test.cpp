// SPDX-License-Identifier: Apache-2.0
// The formula and the parameters, held against the server that runs.
#include <cmath>
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fstream>
#include <sstream>

#include "base/error.hpp"
#include "catalog/load.hpp"
#include "model/storage_parameter.hpp"
#include "support/database.hpp"
#include "support/own_server.hpp"
#include "vacuum/need.hpp"

using namespace pgtend;
using namespace pgtend::test;

namespace {

// "vac: 40 (threshold 2050), ins: 0 (threshold 3000), anl: 40 (threshold 1050)", as the server's
// autovacuum logs it at DEBUG3.
std::string said(double vacuum, double vacuum_threshold, double insert, double insert_threshold,
                 double analyze, double analyze_threshold)
{
    auto const inserts = insert_threshold < 0
                             ? std::string{"(disabled)"}
                             : fmt::format("{:.0f} (threshold {:.0f})", insert, insert_threshold);
    return fmt::format("vac: {:.0f} (threshold {:.0f}), ins: {}, anl: {:.0f} (threshold {:.0f})",
                       vacuum, vacuum_threshold, inserts, analyze, analyze_threshold);
}

std::string log_of(own_server const &server)
{
    std::ifstream in{server.directory() + "/log"};
    std::stringstream out;
    out << in.rdbuf();
    return out.str();
}

// SQLSTATE of setting it; empty: the server took it.
std::string refused(pg::session &s, std::string const &name, std::string const &value)
{
    try {
        s.run("ALTER TABLE public.t SET (" + name + " = '" + value + "')");
        return "";
    } catch (error const &e) {
        return e.sqlstate();
    }
}

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("the thresholds are those that the server's own autovacuum works out")
    {
        own_server const server;
        server.psql("ALTER SYSTEM SET autovacuum = off");
        server.psql("ALTER SYSTEM SET autovacuum_naptime = '1s'");
        server.psql("ALTER SYSTEM SET log_min_messages = 'debug3'");
        server.psql("SELECT pg_reload_conf()");
        server.psql("CREATE TABLE plain (a int, b int)");
        server.psql(
            "CREATE TABLE tuned (a int, b int) WITH (autovacuum_vacuum_threshold = 7, "
            "autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02, "
            "autovacuum_vacuum_insert_scale_factor = 0.5)");
        server.psql("CREATE TABLE no_inserts (a int) WITH (autovacuum_vacuum_insert_threshold = "
                    "-1)");
        server.psql("CREATE TABLE wide (a int, t text) WITH (toast.autovacuum_vacuum_threshold = "
                    "3, toast.autovacuum_vacuum_insert_scale_factor = 0.7)");
        server.psql("ALTER TABLE wide ALTER t SET STORAGE EXTERNAL");
        bool const has_most = std::stoi(server.value("SHOW server_version_num")) >= 180000;
        server.psql(std::string{"CREATE TABLE most (a int, b int)"} +
                    (has_most ? " WITH (autovacuum_vacuum_max_threshold = 99)" : ""));
        for (auto const *table : {"plain", "tuned", "no_inserts", "wide", "most"}) {
            std::string const name = table;
            server.psql("INSERT INTO " + name + " SELECT g" +
                        (name == "wide"         ? ", repeat('x', 9000)"
                         : name == "no_inserts" ? ""
                                                : ", g") +
                        " FROM generate_series(1, 500) g");
            server.psql("VACUUM (FREEZE, ANALYZE) " + name); // on 18 pages that count less
            server.psql("INSERT INTO " + name + " SELECT * FROM " + name + " LIMIT 300");
            server.psql("VACUUM (ANALYZE) " + name);
            server.psql("DELETE FROM " + name + " WHERE a <= 20");
        }
        catalog::vacuum_snapshot all;
        auto s = open(server.dsn());
        eventually("counts reach the statistics", [&] {
            all = catalog::load_vacuum_tables(s, {{"public", "most"}, {"public", "wide"}}, "");
            return all.tables.size() == 2 && all.tables[0].dead > 0 && all.tables[1].dead > 0;
        });
        all = catalog::load_vacuum_tables(s,
                                          {{"public", "plain"},
                                           {"public", "tuned"},
                                           {"public", "no_inserts"},
                                           {"public", "wide"},
                                           {"public", "most"}},
                                          "");
        REQUIRE(all.tables.size() == 5);
        server.psql("ALTER SYSTEM SET autovacuum = on");
        server.psql("SELECT pg_reload_conf()");
        std::string log;
        eventually("autovacuum has looked at all of them", [&] {
            log = log_of(server);
            return log.find(": wide: vac:") != std::string::npos ||
                   log.find(" wide: vac:") != std::string::npos;
        });
        eventually("also at the TOAST table", [&] {
            log = log_of(server);
            return log.find(all.tables[3].toast + ": vac:") != std::string::npos;
        });
        for (auto const &table : all.tables) {
            auto const of = vacuum::thresholds_of(table, all.settings);
            auto const expected =
                table.name.name + ": " +
                said(table.dead, of.vacuum, table.inserted, of.insert, table.modified, of.analyze);
            auto const at = log.find(" " + table.name.name + ": vac:");
            REQUIRE(at != std::string::npos);
            CHECK(log.substr(at + 1, expected.size()) == expected);
            if (table.name.name == "wide") {
                auto const toast =
                    table.toast + ": vac: " +
                    fmt::format("{:.0f} (threshold {:.0f}), ins: {:.0f} "
                                "(threshold {:.0f})",
                                table.toast_dead, of.toast, table.toast_inserted, of.toast_insert);
                CHECK(log.substr(log.find(" " + table.toast + ": vac:") + 1, toast.size()) ==
                      toast);
                CHECK(table.toast_dead > 0);
            }
            CHECK(table.dead > 0);
        }
        CHECK((all.tables[0].frozen_pages > 0) == has_most);
    }

    TEST_CASE("the server takes each parameter at both ends of its range, and nothing beyond")
    {
        database const db;
        auto s = db.connect();
        s.run("CREATE TABLE public.t (a int, b text)");
        using type = model::storage_parameter::type;
        for (auto const &each : model::storage_parameters()) {
            std::string const name{each.name};
            CAPTURE(name);
            if (each.since > s.server_version()) {
                CHECK(refused(s, name, each.kind == type::boolean ? "true" : "1") == "22023");
                continue;
            }
            auto const text = [&](double value) {
                return each.kind == type::integer ? fmt::format("{:.0f}", value)
                                                  : fmt::format("{}", value);
            };
            auto const toast = each.of_toast ? "" : "22023";
            if (each.kind == type::boolean || each.kind == type::index_cleanup) {
                CHECK(refused(s, name, "true").empty());
                CHECK(refused(s, name, "false").empty());
                CHECK((refused(s, name, "auto").empty()) == (each.kind == type::index_cleanup));
                CHECK(refused(s, "toast." + name, "true") == toast);
            } else {
                CHECK(refused(s, name, text(each.least)).empty());
                CHECK(refused(s, name, text(each.most)).empty());
                auto const step = each.kind == type::integer ? 1 : 0.5;
                CHECK(refused(s, name, text(each.least - step)) == "22023");
                CHECK(refused(s, name, text(each.most + step)) == "22023");
                CHECK(refused(s, "toast." + name, text(each.most)) == toast);
            }
        }
    }
}
