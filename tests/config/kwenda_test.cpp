// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdlib>
#include <doctest/doctest.h>

#include "config/support.hpp"

using namespace pgtend;
using namespace pgtend::test;

TEST_SUITE("nodb")
{
    TEST_CASE("the reference configuration loads")
    {
        auto const *source = std::getenv("PGTEND_SOURCE");
        auto const path = std::string{source == nullptr ? "." : source} + "/schedules/kwenda.yaml";
        // A checkout may be group-writable.
        auto const all = config::load_file(path, with({{"KWENDA_DSN", "dbname=kwenda"}}, true));
        CHECK(all.time_zone == "Africa/Kinshasa");
        CHECK(all.partitions.size() >= 3);
        CHECK(all.autovacuum.at(0).tables.size() == 5);
        CHECK(all.autovacuum.at(0).parameters ==
              std::vector<model::parameter_setting>{{"autovacuum_vacuum_scale_factor", "0.05"},
                                                    {"autovacuum_analyze_scale_factor", "0.02"}});
        REQUIRE(all.matviews.size() == 1);
        CHECK(all.matviews[0].unique_index == lines{"day", "city"});
        CHECK(all.indexes.size() == 6);
        CHECK(all.targets.at(0).dsn == "dbname=kwenda");
        // What stands around it names variables, none of which is needed to load or to tick.
        for (auto const *probe : {"booking-limit", "wallet-limit", "login-limit", "redis",
                                  "circuit-breaker", "load-test", "pool"}) {
            CAPTURE(probe);
            CHECK(std::any_of(all.probes.begin(), all.probes.end(),
                              [&](auto const &each) { return each.name == probe; }));
        }
        CHECK(all.objectives.size() == 9);
        for (auto const &each :
             all.attestations) { // all of it, by a team and not a person; or nothing
            CAPTURE(each.name);
            CHECK((each.by.empty() || each.by.ends_with(" team")));
            CHECK(each.by.empty() != (each.on && each.until && !each.evidence.empty()));
        }
        REQUIRE(all.checks.profiles.size() == 1);
        CHECK(all.checks.profiles[0].name == "production");
        for (auto const *job :
             {"refresh-dashboard", "cleanup-driver-locations", "expire-promos",
              "cancel-expired-bookings", "cancel-expired-deliveries", "cleanup-cache",
              "reset-lottery-limits", "monitor-security-events", "vacuum-nightly"}) {
            CHECK(all.find_job(job).enabled);
            CHECK(all.find_job(job).time_zone == "Africa/Kinshasa");
        }
    }
}
