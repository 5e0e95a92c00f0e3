// SPDX-License-Identifier: Apache-2.0
// Periods as characters.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "support/lists.hpp"
#include "tools/partition_strip.hpp"

using namespace pgtend;
using partition::period_state;
using test::list;

namespace {

// Months of these years; `now` counts from the first.
std::vector<partition::period> months(int first_year, int years, int now)
{
    std::vector<partition::period> out;
    for (int i = 0; i < 12 * years; ++i) {
        partition::period one;
        one.group = std::to_string(first_year + i / 12);
        one.label = fmt::format("{}-{:02}", one.group, i % 12 + 1);
        one.is_now = i == now;
        out.push_back(one);
    }
    return out;
}

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("one character a month, now marked, each state its own")
    {
        auto all = months(2026, 1, 8);
        all[2].state = period_state::missing;
        all[5].state = period_state::partly;
        all[9].state = period_state::pending;
        all[11].state = period_state::planned;
        auto const strip = tools::strip_of(all, 78);
        CHECK(strip == list{"2026 ##.##/##|#~#+"});
        CHECK(tools::legend_of(strip) ==
              "# present   . missing   + planned   ~ held by a detach that did not end   "
              "/ covered in part   | before that of now");
        CHECK(tools::legend_of({"2026 ##|#"}) == "# present   | before that of now");
        CHECK(tools::strip_of({}, 78).empty());
    }

    TEST_CASE("lines keep to the width, and what lies long ago is counted")
    {
        auto const strip = tools::strip_of(months(2000, 27, 26 * 12 + 9), 78, 60);
        REQUIRE(strip.size() == 2);
        CHECK(strip[0].starts_with("(264 earlier)  2022 ############  2023 "));
        CHECK(strip[1].ends_with("2026 #########|###"));
        for (auto const &line : strip) {
            CHECK(line.size() <= 78);
        }
        CHECK(tools::strip_of(months(2026, 5, 3), 78, 36) ==
              list{"2026 ###|#########  2027 ############  (36 later)"});
        CHECK(tools::strip_of(months(2026, 3, -1), 78, 12) ==
              list{"(24 earlier)  2028 ############"}); // nothing is of now
    }
}
