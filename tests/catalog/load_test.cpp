// SPDX-License-Identifier: Apache-2.0
#include "catalog/load.hpp"

#include <doctest/doctest.h>

#include "catalog/bound.hpp"
#include "support/database.hpp"

using namespace pgtend;
using namespace pgtend::catalog;

namespace {

std::string problem(std::vector<partitioned_table> const &all)
{
    REQUIRE(all.size() == 1);
    auto const &found = all.front().found;
    return found.hint.empty() ? found.problem : found.problem + "; " + found.hint;
}

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("names: missing, misspelt, ambiguous, of another kind")
    {
        test::database const db;
        auto s = db.connect();
        for (auto const *sql :
             {"CREATE SCHEMA app", "CREATE SCHEMA archive",
              "CREATE TABLE app.orders (ts date) PARTITION BY RANGE (ts)",
              "CREATE TABLE archive.orders (ts date) PARTITION BY RANGE (ts)",
              "CREATE TABLE app.\"Payments\" (ts date) PARTITION BY RANGE (ts)",
              "CREATE TABLE app.plain (ts date)", "CREATE VIEW archive.\"Payments\" AS SELECT 1"}) {
            s.run(sql);
        }
        auto const load = [&](qualified_name const &name) {
            return load_partitioned_tables(s, {name});
        };
        CHECK(problem(load({"app", "ordres"})) ==
              "partitioned table app.ordres does not exist; did you mean app.orders?");
        CHECK(problem(load({"ap", "orders"})) ==
              "partitioned table ap.orders does not exist; did you mean app.orders?");
        CHECK(problem(load({"app", "something_else"})) ==
              "partitioned table app.something_else does not exist");
        CHECK(problem(load({"", "payments"})) ==
              "partitioned table payments does not exist; did you mean app.\"Payments\"?");
        CHECK(problem(load({"", "orders"})) ==
              "orders is ambiguous: app.orders, archive.orders; write the schema");
        CHECK(problem(load({"app", "plain"})) == "app.plain is a table, not a partitioned table");
        CHECK(problem(load({"", "pg_class"})) == "partitioned table pg_class does not exist");
        // The view of that name is no candidate.
        auto const found = load({"", "Payments"}).front();
        CHECK(problem({found}) == "");
        CHECK(found.found.name == qualified_name{"app", "Payments"});
        CHECK(found.found.asked == qualified_name{"", "Payments"});
    }

    TEST_CASE("how tables are partitioned, in the order of the names")
    {
        test::database const db;
        auto s = db.connect();
        for (auto const *sql :
             {"CREATE DOMAIN moment AS timestamptz",
              "CREATE TABLE a (\"At\" moment) PARTITION BY RANGE (\"At\")",
              "CREATE TABLE b (x int, y text) PARTITION BY LIST (y)",
              "CREATE TABLE c (x int, ts timestamp) PARTITION BY RANGE (x, date_trunc('day', ts))",
              "CREATE TABLE d (x int) PARTITION BY HASH (x)",
              "CREATE TABLE e (ts timestamp) PARTITION BY RANGE (ts)",
              "CREATE TABLE a_rest PARTITION OF a DEFAULT",
              "CREATE TABLE c1 PARTITION OF c FOR VALUES FROM (1, MINVALUE) TO "
              "(2, MAXVALUE)",
              "CREATE TABLE b1 PARTITION OF b FOR VALUES IN ('x', 'y')"}) {
            s.run(sql);
        }
        auto const all = load_partitioned_tables(s, {{"public", "e"},
                                                     {"public", "a"},
                                                     {"public", "nope"},
                                                     {"public", "b"},
                                                     {"public", "c"},
                                                     {"public", "d"},
                                                     {"public", "a"}});
        REQUIRE(all.size() == 7);
        CHECK(all[0].key_type == "timestamp without time zone");
        CHECK(all[1].key == std::vector<std::string>{"At"});
        CHECK(all[1].key_type == "timestamp with time zone");
        CHECK(all[1].key_definition == "RANGE (\"At\")");
        REQUIRE(all[1].partitions.size() == 1);
        CHECK(all[1].partitions[0].is_default);
        CHECK_FALSE(all[2].found.usable());
        CHECK(all[3].strategy == 'l');
        CHECK(all[3].key_definition == "LIST (y)");
        REQUIRE(all[3].partitions.size() == 1);
        CHECK_FALSE(all[3].partitions[0].range);
        CHECK(all[4].key_definition == "RANGE (x, an expression)");
        CHECK(all[4].key == std::vector<std::string>{"x", ""});
        CHECK_FALSE(all[4].partitions.at(0).range);
        CHECK(all[5].strategy == 'h');
        CHECK(all[6].partitions.size() == 1); // asked for twice
    }

    TEST_CASE("the server prints the bounds that were read from what it stores")
    {
        test::database const db;
        auto s = db.connect();
        struct example {
            std::string type, from, to;
        };
        std::vector<example> const examples{
            {"timestamptz", "'2025-01-01 00:00+00'", "'2025-02-01 00:00+00'"},
            {"timestamptz", "'1969-12-31 23:59:59.999999+00'", "'1970-01-01 00:00:00.000001+00'"},
            {"timestamptz", "'2025-03-30 00:00 Europe/Berlin'", "'2025-03-31 00:00 Europe/Berlin'"},
            {"timestamptz", "'0044-03-15 00:00+00 BC'", "'0001-01-01 00:00+00'"},
            {"timestamptz", "'9999-12-31 23:00+00'", "'20000-01-01 00:00+00'"},
            {"timestamptz", "MINVALUE", "'-infinity'"},
            {"timestamptz", "'infinity'", "MAXVALUE"},
            {"timestamp", "'2025-01-01 00:00:00.25'", "'2025-01-01 12:00'"},
            {"timestamp", "MINVALUE", "'1900-01-01'"},
            {"date", "'2025-02-28'", "'2025-03-01'"},
            {"date", "'0100-01-01 BC'", "'1999-12-31'"},
            {"date", "'2100-01-01'", "'5000-01-01'"},
            {"date", "'5000-01-01'", "MAXVALUE"},
        };
        for (auto const *type : {"timestamptz", "timestamp", "date"}) {
            s.run(std::string{"CREATE TABLE p_"} + type + " (ts " + type +
                  ") PARTITION BY RANGE (ts)");
        }
        for (std::size_t i = 0; i < examples.size(); ++i) {
            auto const &[type, from, to] = examples[i];
            s.run("CREATE TABLE x" + std::to_string(i) + " PARTITION OF p_" + type +
                  " FOR VALUES FROM (" + from + ") TO (" + to + ")");
        }
        s.run("SET TimeZone = 'Asia/Tokyo'");
        s.run("SET DateStyle = 'SQL, DMY'");
        auto const all = load_partitioned_tables(
            s, {{"public", "p_timestamptz"}, {"public", "p_timestamp"}, {"public", "p_date"}});
        s.run("SET TimeZone = 'UTC'");
        s.run("SET DateStyle = 'ISO'");
        std::size_t seen = 0;
        for (auto const &table : all) {
            for (auto const &each : table.partitions) {
                auto const bound =
                    s.run("SELECT relpartbound::text, pg_get_expr(relpartbound, oid) FROM pg_class "
                          "WHERE oid = $1::oid",
                          {each.oid});
                auto const stored = bound.text(0, std::size_t{0}),
                           printed = bound.text(0, std::size_t{1});
                CAPTURE(stored);
                CAPTURE(printed);
                CHECK(range_of_tree(stored) == range_of_text(printed));
                CHECK(range_of_tree(stored));
                CHECK(each.range == range_of_tree(stored));
                ++seen;
            }
        }
        CHECK(seen == examples.size());
    }

    TEST_CASE("bounds of a key whose type is a domain are read though somebody holds the partition")
    {
        test::database const db;
        auto s = db.connect(), other = db.connect();
        s.run("CREATE DOMAIN moment AS timestamptz");
        s.run("CREATE TABLE p (ts moment) PARTITION BY RANGE (ts)");
        s.run(
            "CREATE TABLE p_1 PARTITION OF p FOR VALUES FROM ('2025-01-01 00:00Z') TO (MAXVALUE)");
        other.run("BEGIN");
        other.run("LOCK TABLE p_1");
        s.run("SET lock_timeout = '100ms'");
        auto const all = load_partitioned_tables(s, {{"public", "p"}});
        REQUIRE(all.at(0).partitions.size() == 1);
        CHECK(all[0].partitions[0].range ==
              range_of_text("FOR VALUES FROM ('2025-01-01 00:00:00+00') TO (MAXVALUE)"));
    }
}
