// SPDX-License-Identifier: Apache-2.0
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
        for (auto const *job :
             {"refresh-dashboard", "cleanup-driver-locations", "expire-promos",
              "cancel-expired-bookings", "cancel-expired-deliveries", "cleanup-cache",
              "reset-lottery-limits", "monitor-security-events", "vacuum-nightly"}) {
            CHECK(all.find_job(job).enabled);
            CHECK(all.find_job(job).time_zone == "Africa/Kinshasa");
        }
    }
}
