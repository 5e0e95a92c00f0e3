// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "base/duration.hpp"
#include "tools/timeline.hpp"

using namespace pgtend;
using namespace pgtend::tools;
using namespace std::chrono_literals;

namespace {

std::vector<instant> cells(char const *from, microseconds ahead, char const *zone, std::size_t most)
{
    auto const begin = parse_rfc3339(from);
    return timeline_cells(begin, begin + ahead, zone::load(zone), most);
}

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("a day in as many cells as there is room for, beginning where the clock is even")
    {
        auto const wide = cells("2026-01-01T10:20:00Z", 24h, "UTC", 150);
        CHECK(wide.size() - 1 == 144);
        CHECK(timeline_unit(wide) == "10 min");
        CHECK(to_rfc3339(wide.front()) == "2026-01-01T10:20:00Z");
        auto const narrow = cells("2026-01-01T10:20:00Z", 24h, "UTC", 50);
        CHECK(timeline_unit(narrow) == "30 min");
        CHECK(to_rfc3339(narrow.front()) == "2026-01-01T10:00:00Z");
        CHECK(narrow.back() >= parse_rfc3339("2026-01-02T10:20:00Z"));
        CHECK(timeline_heading(narrow, zone::load("UTC")).starts_with("10  12  14  16"));
        auto const hours = cells("2026-01-01T00:00:00+01:00", 24h, "Europe/Berlin", 24);
        CHECK(hours.size() - 1 == 24);
        CHECK(timeline_heading(hours, zone::load("Europe/Berlin")) == "00 03 06 09 12 15 18 21 ");
    }

    TEST_CASE("a month: days of the zone's calendar, also where one has 23 or 25 hours")
    {
        auto const month = cells("2026-03-01T00:00:00+01:00", 31 * 24h - 1h, "Europe/Berlin", 40);
        REQUIRE(month.size() - 1 == 31);
        CHECK(month[29] - month[28] == 23h); // the 29th
        CHECK(month[30] - month[29] == 24h);
        CHECK(timeline_unit(month) == "1 d");
        CHECK(timeline_heading(month, zone::load("Europe/Berlin")) ==
              "01 04 07 10 13 16 19 22 25 28  ");
        CHECK(timeline_unit(cells("2026-03-01T00:00:00Z", 31 * 24h, "UTC", 130)) == "6 h");
    }

    TEST_CASE("an hour that is skipped is no cell, one that is repeated is a long one")
    {
        CHECK(cells("2026-03-29T00:00:00+01:00", 23h, "Europe/Berlin", 24).size() - 1 == 23);
        auto const autumn = cells("2026-10-25T00:00:00+02:00", 25h, "Europe/Berlin", 24);
        REQUIRE(autumn.size() - 1 == 24);
        CHECK(autumn[3] - autumn[2] == 2h);
    }

    TEST_CASE("never more cells than there is room for, and all of the time is covered")
    {
        for (auto const ahead : {microseconds{1min}, microseconds{24h}, microseconds{31 * 24h},
                                 microseconds{366 * 24h}}) {
            for (std::size_t most = 28; most < 200; most += 7) {
                for (auto const *zone : {"UTC", "Europe/Berlin", "Asia/Kathmandu"}) {
                    auto const found = cells("2026-10-24T23:13:07Z", ahead, zone, most);
                    INFO(zone, " ", most, " ", to_string(ahead));
                    CHECK(found.size() - 1 <= most);
                    CHECK(found.front() <= parse_rfc3339("2026-10-24T23:13:07Z"));
                    CHECK(found.back() >= parse_rfc3339("2026-10-24T23:13:07Z") + ahead);
                    CHECK(timeline_heading(found, zone::load(zone)).size() == found.size() - 1);
                }
            }
        }
    }

    TEST_CASE("counts are one character")
    {
        CHECK(timeline_count(0) == '.');
        CHECK(timeline_count(9) == '9');
        CHECK(timeline_count(10) == '+');
    }
}
