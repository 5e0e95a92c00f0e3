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
        server.psql("CREATE ROLE bare LOGIN; CREATE ROLE managed LOGIN IN ROLE pg_monitor");
        auto s = open(server.dsn());
        eventually("it is safe", [&] { return look(s, "config.durability").empty(); });
        auto bare = open(server.dsn() + " user=bare"),
             managed = open(server.dsn() + " user=managed");

        std::set<std::string> asked;
        for (auto const *rule : queried_rules()) {
            auto const &each = *rule;
            // They depend on the day; pg_stat_statements is not there.
            if (each.id == "config.version" || each.id == "config.minor_version" ||
                each.id == "performance.slow_statements") {
                continue;
            }
            INFO(each.id);
            asked.insert(std::string{each.id});
            for (auto const &one : ask(s, each)) {
                INFO(one.object, ": ", one.message);
                CHECK(one.severity == "info");
                CHECK(one.needs.empty());
            }
            for (auto *role : {&bare, &managed}) {
                for (auto const &one : ask(*role, each)) {
                    INFO(one.object, ": ", one.message, one.needs);
                    CHECK((one.severity == "info" || !one.needs.empty()));
                }
            }
        }
        CHECK(asked.size() > 55);
    }
}
