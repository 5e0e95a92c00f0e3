// SPDX-License-Identifier: Apache-2.0
// Many at once.
#include <deque>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "support/ground.hpp"

using namespace pgtend;

TEST_SUITE("db")
{
    TEST_CASE("F17: twenty init at the same instant make one schema, without an error")
    {
        test::database db;
        std::deque<test::process> all;
        for (int i = 0; i < 20; ++i) {
            all.emplace_back(std::vector<std::string>{"-d", db.dsn(), "init"});
        }
        for (auto &one : all) {
            auto const done = one.wait();
            CHECK_MESSAGE(done.code == 0, done.err);
            CHECK(done.err.empty());
        }
        CHECK(db.value("SELECT count(*) FROM pgtend.meta") == "1");
    }

    TEST_CASE("F17: tick without a ledger exits 2 and names init")
    {
        test::database db;
        test::scratch files;
        auto const config = files.write(
            "pgtend.yaml",
            "version: 1\ntargets:\n  db: { dsn: \"" + db.dsn() + "\" }\njobs:\n" +
                "  - { name: j, schedule: \"* * * * *\", sql: { text: \"select 1\" } }\n");
        auto const done = test::pgtend({"-c", config, "tick"});
        CHECK(done.code == 2);
        CHECK(done.err.find("pgtend init") != std::string::npos);
    }

    TEST_CASE("thirty jobs due, twenty ticks at once: each slot runs once, without an error")
    {
        std::string jobs;
        for (int i = 0; i < 30; ++i) {
            jobs += fmt::format("  - {{ name: job-{0}, schedule: \"* * * * *\", sql: {{ text: "
                                "\"insert into hit values ({0})\" }} }}\n",
                                i);
        }
        test::ground g{jobs};
        g.db.psql("CREATE TABLE hit (job int)");
        REQUIRE(g.tick("2026-01-01T00:00:30Z").code == 0);
        std::deque<test::process> all;
        for (int i = 0; i < 20; ++i) {
            all.emplace_back(g.arguments({"tick", "--now", "2026-01-01T00:01:05Z"}));
        }
        for (auto &one : all) {
            auto const done = one.wait();
            CHECK_MESSAGE(done.code == 0, done.err);
            CHECK(done.err.empty());
        }
        // What a tick left to another one that was just looking at the row, the next tick takes.
        CHECK(g.tick("2026-01-01T00:01:40Z").code == 0);
        CHECK(g.count("SELECT count(*) FROM hit") == 30);
        CHECK(g.count("SELECT count(DISTINCT job) FROM hit") == 30);
        CHECK(g.count("SELECT count(*) FROM pgtend.run WHERE status = 'succeeded'") == 30);
        CHECK(g.count("SELECT count(*) FROM pgtend.run") == 30);
    }
}
