// SPDX-License-Identifier: Apache-2.0
#include "zone/civil.hpp"

#include <chrono>
#include <doctest/doctest.h>

using namespace pgtend;

TEST_SUITE("nodb")
{
    TEST_CASE("days and dates, against the standard library's calendar")
    {
        using namespace std::chrono;
        for (std::int64_t day = days_from_civil(-400, 1, 1); day <= days_from_civil(10400, 12, 31);
             day += 1 + (day % 7 == 0)) {
            year_month_day const expected{sys_days{days{day}}};
            auto const got = civil_from_days(day);
            bool const same =
                got.year == static_cast<int>(expected.year()) &&
                got.month == static_cast<int>(static_cast<unsigned>(expected.month())) &&
                got.day == static_cast<int>(static_cast<unsigned>(expected.day())) &&
                days_from_civil(got.year, got.month, got.day) == day &&
                pgtend::weekday(day) ==
                    static_cast<int>(std::chrono::weekday{sys_days{days{day}}}.c_encoding());
            if (!same) {
                FAIL("day " << day);
            }
        }
        static_assert(days_from_civil(1970, 1, 1) == 0);
        static_assert(civil_from_days(-1) == civil_time{1969, 12, 31, 0, 0, 0});
    }

    TEST_CASE("months, leap years, seconds")
    {
        CHECK(leap_year(2000));
        CHECK(leap_year(2096));
        CHECK_FALSE(leap_year(2100));
        CHECK(days_in_month(2024, 2) == 29);
        CHECK(days_in_month(2100, 2) == 28);
        CHECK(days_in_month(2026, 4) == 30);
        CHECK(days_in_month(2026, 12) == 31);
        civil_time const moment{2026, 3, 29, 2, 30, 15};
        CHECK(civil_from_seconds(seconds_from_civil(moment)) == moment);
        CHECK(civil_from_seconds(-1) == civil_time{1969, 12, 31, 23, 59, 59});
        CHECK(civil_from_seconds(-86400) == civil_time{1969, 12, 31, 0, 0, 0});
        CHECK(civil_time{2026, 3, 29, 2, 0, 0} < moment);
        CHECK(days_from_civil(2026, 3, 0) == days_from_civil(2026, 2, 28)); // days count on
    }
}
