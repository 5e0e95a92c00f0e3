// SPDX-License-Identifier: Apache-2.0
// Durations as people write them, and instants as RFC 3339.
#pragma once
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace pgtend {

// A span of the calendar and of the clock: '24 months' is not a number of seconds.
struct interval {
    int months = 0;
    int days = 0;
    microseconds time{0};
    bool operator==(interval const &) const = default;
};

// "90s", "10min", "1h30m", "500ms", "7 days", "2 hours 30 min"; units us, ms, s/sec/second(s),
// m/min/minute(s), h/hour(s), d/day(s), w/week(s); a day is 24 hours. A bare number is refused, as
// are signs, fractions, repeated units and more than 100 years. Throws error with a hint.
microseconds parse_duration(std::string_view text);

// The same, and months, years (mon/month(s), y/year(s)); 'm' alone stays minutes. Throws error with
// a hint.
interval parse_interval(std::string_view text);

// The largest units that are exact: "1h30m", "500ms", "2d"; "0s".
std::string to_string(microseconds duration);
// "24 months", "7 days", "1 month 2 days 3h".
std::string to_string(interval const &value);
// For people: two leading units, rounded: "1.2 s", "350 ms", "3 min 20 s", "2 d 4 h".
std::string humanize(microseconds duration);

// "2026-03-29T01:00:00Z", with a fraction only if there is one. Years 0001 to 9999.
std::string to_rfc3339(instant at);
// Date, 'T' or a blank, time, optional fraction, and an offset or Z, which are required. Throws
// error with a hint.
instant parse_rfc3339(std::string_view text);

} // namespace pgtend
