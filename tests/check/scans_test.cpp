// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "support/look.hpp"
#include "support/process.hpp"

using namespace pgtend;
using namespace pgtend::test;

TEST_SUITE("db")
{
    TEST_CASE("large tables that are read from end to end, and not by their indexes")
    {
        database const db;
        auto s = db.connect();
        s.batch(R"(
CREATE SCHEMA "App"; SET enable_bitmapscan = off;
CREATE TABLE "App".read (id int, t text);
CREATE TABLE "App".sought (id int PRIMARY KEY, t text);
CREATE TABLE "App".begun (id int, t text);
CREATE TABLE "App".small (id int);
INSERT INTO "App".small VALUES (1);
)");
        for (auto const *table : {"read", "sought", "begun"}) {
            s.run("INSERT INTO \"App\"." + std::string{table} +
                  " SELECT i, repeat('x', 50) FROM generate_series(1, 10000) i");
        }
        s.run("VACUUM ANALYZE");
        for (int i = 0; i < 10; ++i) {
            s.run("SELECT * FROM \"App\".sought WHERE id = 77");
        }
        for (int i = 0; i < 6; ++i) {
            s.run("SELECT count(t) FROM \"App\".sought");
            s.run("SELECT count(*) FROM \"App\".small");
            s.run("SELECT * FROM \"App\".begun LIMIT 1"); // reads one row, not the table
            s.run("SELECT count(t) FROM \"App\".read");   // last: it is waited for
        }
        eventually("scans were counted", [&] {
            s.run("SELECT 1");
            return !look(s, "index.seq_scans", {100'000, 6}).empty();
        });
        CHECK(look(s, "index.seq_scans", {100'000, 6}) == list{"info \"App\".read"});
        auto const message = about(s, "index.seq_scans", "\"App\".read", {100'000, 6}).message;
        CHECK(message.starts_with("6 scans of 10,000 rows on the average since 2"));
        CHECK(message.ends_with(", and 0 by an index; it has 10,000 rows, 832 kB"));
        CHECK(look(s, "index.seq_scans", {100'000, 7}).empty());
        CHECK(look(s, "index.seq_scans").empty());

        auto bare = open(db.dsn(server_variable("LOGIN")));
        CHECK(look(bare, "index.seq_scans", {100'000, 6}) == list{"info \"App\".read"});
        s.run("SET track_counts = off");
        CHECK(look(s, "index.seq_scans") == list{"needs track_counts = on"});
    }
}
