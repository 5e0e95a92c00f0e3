// SPDX-License-Identifier: Apache-2.0
// A server as initdb makes it, and an empty database: nothing is wrong with it.
#include <doctest/doctest.h>
#include <set>

#include "support/look.hpp"
#include "support/own_server.hpp"
#include "support/process.hpp"

using namespace pgtend;
using namespace pgtend::test;

TEST_SUITE("db")
{
    TEST_CASE("no error and no warning on a fresh server, and nobody is refused an answer")
    {
        own_server const server;
        // What the tests' servers have for speed.
        server.psql("ALTER SYSTEM SET fsync = on");
        server.psql("ALTER SYSTEM SET full_page_writes = on");
        server.psql("SELECT pg_reload_conf()");
        server.psql("CREATE ROLE bare LOGIN");
        auto s = open(server.dsn());
        eventually("it is safe", [&] { return look(s, "config.durability").empty(); });
        auto bare = open(server.dsn() + " user=bare");

        std::set<std::string> asked;
        for (auto const *rule : queried_rules(s)) {
            auto const &each = *rule;
            if (each.id == "config.version") { // it depends on the day
                continue;
            }
            INFO(each.id);
            asked.insert(std::string{each.id});
            for (auto const &one : ask(s, each)) {
                INFO(one.object, ": ", one.message);
                CHECK(one.severity == "info");
                CHECK(one.needs.empty());
            }
            for (auto const &one : ask(bare, each)) {
                INFO(one.object, ": ", one.message, one.needs);
                CHECK((one.severity == "info" || !one.needs.empty()));
            }
        }
        CHECK(asked.size() > 45);
    }
}
