// SPDX-License-Identifier: Apache-2.0
// The proleptic Gregorian calendar, without any zone. Pure arithmetic.
#pragma once
#include <compare>
#include <cstdint>

namespace pgtend {

// What a calendar and a clock on the wall show. Ordered as time is.
struct civil_time {
    int year = 1970;
    int month = 1; // 1 to 12
    int day = 1;   // 1 to 31
    int hour = 0;
    int minute = 0;
    int second = 0;
    auto operator<=>(civil_time const &) const = default;
};

// Days since 1970-01-01, negative before. Month 1 to 12; the day may lie outside its month and
// counts on. Years -1,000,000 to 1,000,000. (Hinnant, "chrono-Compatible Low-Level Date
// Algorithms", days_from_civil.)
constexpr std::int64_t days_from_civil(std::int64_t year, int month, int day) noexcept
{
    year -= month <= 2;
    auto const era = (year >= 0 ? year : year - 399) / 400;
    auto const of_era = year - era * 400; // [0, 399]
    auto const of_year =
        (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 - 1; // days before the month, from March
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year + day - 719468;
}

// The date of a day since 1970-01-01, at midnight (the same source, civil_from_days).
constexpr civil_time civil_from_days(std::int64_t days) noexcept
{
    days += 719468;
    auto const era = (days >= 0 ? days : days - 146096) / 146097;
    auto const of_era = static_cast<unsigned>(days - era * 146097); // [0, 146096]
    auto const year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365; // [0, 399]
    auto const of_year = of_era - (365 * year + year / 4 - year / 100);                  // [0, 365]
    auto const month = (5 * of_year + 2) / 153; // [0, 11] from March
    auto const day = static_cast<int>(of_year - (153 * month + 2) / 5 + 1);
    auto const calendar_month = static_cast<int>(month < 10 ? month + 3 : month - 9);
    return {static_cast<int>(static_cast<std::int64_t>(year) + era * 400) + (calendar_month <= 2),
            calendar_month,
            day,
            0,
            0,
            0};
}

// 0 Sunday to 6 Saturday. 1970-01-01 was a Thursday.
constexpr int weekday(std::int64_t days) noexcept
{
    auto const rest = static_cast<int>((days + 4) % 7);
    return rest < 0 ? rest + 7 : rest;
}

constexpr bool leap_year(std::int64_t year) noexcept
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

// 28 to 31.
constexpr int days_in_month(std::int64_t year, int month) noexcept
{
    return month == 2                                                ? (leap_year(year) ? 29 : 28)
           : (month == 4 || month == 6 || month == 9 || month == 11) ? 30
                                                                     : 31;
}

// Seconds since 1970-01-01 00:00:00 on the same wall: to compare and to count civil times.
constexpr std::int64_t seconds_from_civil(civil_time const &civil) noexcept
{
    return days_from_civil(civil.year, civil.month, civil.day) * 86400 + civil.hour * 3600 +
           civil.minute * 60 + civil.second;
}

constexpr civil_time civil_from_seconds(std::int64_t count) noexcept
{
    auto days = count / 86400;
    auto rest = static_cast<int>(count % 86400);
    if (rest < 0) {
        rest += 86400;
        --days;
    }
    auto out = civil_from_days(days);
    out.hour = rest / 3600;
    out.minute = rest / 60 % 60;
    out.second = rest % 60;
    return out;
}

} // namespace pgtend
