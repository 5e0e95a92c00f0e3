// SPDX-License-Identifier: Apache-2.0
// Estimates of bloat against what rewriting the relation really gives back.
#include <cmath>
#include <doctest/doctest.h>

#include "support/look.hpp"
#include "support/process.hpp"
#include "support/role.hpp"

using namespace pgtend;
using namespace pgtend::test;

namespace {

// Shapes that mislead estimates by the widths of columns alone: aligned columns, nulls, varying
// texts, a fillfactor, values that are stored elsewhere.
constexpr char const *shapes = R"(
CREATE SCHEMA "App";
CREATE TABLE "App".narrow (id bigint, at timestamptz);
INSERT INTO "App".narrow SELECT i, now() FROM generate_series(1, 20000) i;
CREATE TABLE "App".aligned (a bool, b bigint, c bool, d timestamptz, e smallint, f float8);
INSERT INTO "App".aligned SELECT true, i, false, now(), 1, i FROM generate_series(1, 20000) i;
CREATE TABLE "App".texts (id int, name text, key uuid, price numeric);
INSERT INTO "App".texts SELECT i, repeat('x', 10 + i % 50), md5(i::text)::uuid, i * 1.01 FROM generate_series(1, 20000) i;
CREATE TABLE "App".sparse (id int, a text, b int, c timestamptz);
INSERT INTO "App".sparse SELECT i, CASE WHEN i % 10 = 0 THEN 'some text' END, NULL, now() FROM generate_series(1, 20000) i;
CREATE TABLE "App".half (id int, t text) WITH (fillfactor = 50);
INSERT INTO "App".half SELECT i, repeat('y', 40) FROM generate_series(1, 20000) i;
CREATE TABLE "App".documents (id int, doc jsonb);
INSERT INTO "App".documents SELECT i, jsonb_build_object('a', i, 'b', repeat(md5(i::text), 8)) FROM generate_series(1, 4000) i;
CREATE TABLE "App".outside (id int, doc text); ALTER TABLE "App".outside ALTER doc SET STORAGE EXTERNAL;
INSERT INTO "App".outside SELECT i, repeat('z', 5000) FROM generate_series(1, 1000) i;
CREATE TABLE "App".gone (id int, doc text);
INSERT INTO "App".gone SELECT i, repeat('z', 100) FROM generate_series(1, 10000) i;
ALTER TABLE "App".gone DROP COLUMN doc, ADD COLUMN n int;
CREATE MATERIALIZED VIEW "App".copied AS SELECT * FROM "App".texts;
CREATE TABLE "App".tiny (id int); INSERT INTO "App".tiny VALUES (1); CREATE TABLE "App".empty (id int);
)";

constexpr char const *keys = R"(
CREATE SCHEMA "App";
CREATE TABLE "App".t (id int PRIMARY KEY, k bigint, u uuid, name text, s smallint, n int);
INSERT INTO "App".t SELECT i, i * 7, md5(i::text)::uuid, md5(i::text) || repeat('x', i % 20), i % 100, CASE WHEN i % 4 = 0 THEN i END
    FROM generate_series(1, 30000) i;
CREATE INDEX u ON "App".t (u);
CREATE INDEX name ON "App".t (lower(name));
CREATE INDEX pair ON "App".t (s, k);
CREATE INDEX sparse ON "App".t (n, id);
CREATE INDEX covering ON "App".t (id) INCLUDE (name);
CREATE INDEX half ON "App".t (k) WITH (fillfactor = 50);
CREATE INDEX part ON "App".t (k) WHERE id % 3 = 0;
CREATE INDEX same ON "App".t (s);
CREATE INDEX other ON "App".t USING hash (k);
)";

double size_of(pg::session &s, std::string const &relation)
{
    return s.run("SELECT pg_relation_size($1::text::regclass)", {relation}).real(0, 0);
}

// How much smaller, in percent, this makes it.
double shrunk(pg::session &s, std::string const &relation, std::string const &statement)
{
    auto const before = size_of(s, relation);
    s.run(statement);
    return 100 * (before - size_of(s, relation)) / before;
}

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("bloat of tables: none of what was just written, and as much as rewriting gives back")
    {
        database const db;
        auto s = db.connect();
        s.batch(shapes);
        s.run("VACUUM ANALYZE");
        // The space of a column that was dropped comes back when the table is rewritten.
        CHECK(look(s, "table.bloat", {15, 0}) == list{"warning \"App\".gone"});
        for (auto const *statement : {"DELETE FROM \"App\".aligned WHERE b % 4 <> 0",
                                      "DELETE FROM \"App\".texts WHERE id % 4 <> 0",
                                      "DELETE FROM \"App\".sparse WHERE id % 2 = 0",
                                      "DELETE FROM \"App\".documents WHERE id % 3 <> 0"}) {
            s.run(statement);
        }
        s.run("VACUUM ANALYZE");
        CHECK(look(s, "table.bloat").empty()); // they are small
        auto found = look(s, "table.bloat", {60, 100'000});
        std::sort(found.begin(), found.end());
        CHECK(found == list{"warning \"App\".aligned", "warning \"App\".documents",
                            "warning \"App\".gone", "warning \"App\".texts"});
        CHECK(about(s, "table.bloat", "\"App\".aligned", {60, 0}).message ==
              "about 1120 kB of its 1496 kB hold no row, estimated from 5,000 rows of 72 bytes");
        for (auto const *name : {"aligned", "texts", "sparse", "documents", "gone"}) {
            CAPTURE(name);
            auto const table = "\"App\"." + std::string{name};
            auto const one = about(s, "table.bloat", table, {20, 0});
            CHECK(std::abs(*one.value - shrunk(s, table, one.fix)) < 8);
        }
        CHECK(look(s, "table.bloat", {15, 0}).empty());
    }

    TEST_CASE("bloat of indexes: none of what was just built, and as much as REINDEX gives back")
    {
        database const db;
        auto s = db.connect();
        s.batch(keys);
        s.run("VACUUM ANALYZE");
        s.run("REINDEX SCHEMA \"App\"");
        s.run("ANALYZE");
        CHECK(look(s, "index.bloat", {15, 0}).empty());
        s.run("DELETE FROM \"App\".t WHERE id % 5 <> 0");
        s.run("VACUUM ANALYZE");
        CHECK(look(s, "index.bloat").empty());
        std::vector<said> found;
        for (auto const *name :
             {"t_pkey", "u", "name", "pair", "sparse", "covering", "half", "part"}) {
            CAPTURE(name);
            found.push_back(about(s, "index.bloat", "\"App\"." + std::string{name}, {50, 100'000}));
        }
        // Equal keys share entries, which makes it seem fuller than it is.
        CHECK(ask(s, "index.bloat", {50, 0}).size() == found.size());
        for (auto const &each : found) {
            CAPTURE(each.object);
            CHECK(each.message.starts_with("of \"App\".t: about "));
            CHECK(std::abs(*each.value - shrunk(s, each.object, each.fix)) < 8);
        }
        s.run("ANALYZE");
        CHECK(look(s, "index.bloat", {15, 0}) == list{"warning \"App\".same"});
    }

    TEST_CASE("without statistics nothing is estimated, and it says so")
    {
        database const db;
        auto s = db.connect();
        auto const make = [&](std::string const &table) {
            s.run("CREATE TABLE " + table +
                  " (id int PRIMARY KEY, t text) WITH (autovacuum_enabled = off)");
            s.run("INSERT INTO " + table +
                  " SELECT i, repeat('x', 50) FROM generate_series(1, 10000) i");
        };
        s.run("CREATE SCHEMA app");
        make("app.t");
        auto const needs = [](std::string const &what) {
            return list{"needs ANALYZE, and SELECT as pg_read_all_data has it, for the statistics "
                        "of 1 large " +
                        what};
        };
        eventually("its rows were counted", [&] {
            s.run("SELECT 1");
            return !look(s, "table.bloat", {50, 100'000}).empty();
        });
        CHECK(look(s, "table.bloat", {50, 100'000}) == needs("tables, such as app.t"));
        s.run("ANALYZE app.t");
        CHECK(look(s, "table.bloat", {50, 100'000}).empty());

        role const bare{s, "bare", "LOGIN"}, managed{s, "managed", "LOGIN"};
        s.run("GRANT pg_monitor TO " + managed.name());
        for (auto const &who : {bare.name(), managed.name()}) {
            CAPTURE(who);
            auto blind = open(db.dsn(who));
            CHECK(look(blind, "table.bloat").empty()); // there is nothing large
            CHECK(look(blind, "table.bloat", {50, 100'000}) == needs("tables, such as app.t"));
            CHECK(look(blind, "index.bloat", {50, 100'000}) ==
                  needs("indexes, such as app.t_pkey"));
            s.run("GRANT SELECT ON app.t TO " + who);
            CHECK(look(blind, "table.bloat", {50, 100'000}).empty());
            CHECK(look(blind, "index.bloat", {50, 100'000}).empty());
        }
        // A column that ANALYZE leaves out, and the expression of an index that it has not seen.
        make("app.u");
        s.run("ALTER TABLE app.u ALTER t SET STATISTICS 0");
        s.run("ANALYZE app.u");
        s.run("CREATE INDEX lowered ON app.u (lower(t), id)");
        CHECK(look(s, "table.bloat", {50, 100'000}) == needs("tables, such as app.u"));
        CHECK(look(s, "index.bloat", {50, 100'000}) == needs("indexes, such as app.lowered"));
    }
}
