// SPDX-License-Identifier: Apache-2.0
// A second engine, as simple as possible: it walks through UTC minute by minute (or second by
// second), asks the C library what the zone's clocks show, and applies the rules of
// docs/schedules.md one date at a time. No sets, no search, no Abseil.
#pragma once
#include <algorithm>
#include <cctype>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <random>
#include <string>
#include <vector>

namespace oracle {

// What the clocks show at an instant.
struct wall {
    int year, month, day, hour, minute, second, weekday;
    std::int64_t seconds; // since 1970-01-01 00:00:00 on the same clock
};

// Element of a field; as text and as a predicate, made together so that neither is read from the
// other.
struct element {
    std::string text;
    std::function<bool(wall const &)> matches;
};

struct field {
    std::string text;
    bool star = false; // its text starts with '*'
    std::vector<element> elements;
    bool matches(wall const &at) const;
};

enum class rule { vixie, all, any };

struct schedule {
    field second, minute, hour, day, month, weekday;
    bool six = false;
    rule days = rule::vixie;
    std::string text() const;
    bool clock() const { return !minute.star && !hour.star; }
    bool matches(wall const &at) const;
    bool date_matches(wall const &at) const;
};

using random = std::mt19937_64;

// `near`: a date whose day, weekday and month are likely to be in the fields, so that something
// happens around it.
inline schedule make(random &source, wall const &near, bool six);

// What the clocks of the zone show at each step of [begin, end), seconds since 1970 (glibc, by TZ).
inline std::vector<wall> walls(std::string const &zone, std::int64_t begin, std::int64_t end,
                               int step);

// The wall of a date alone, at midnight.
inline wall date(std::int64_t days_since_1970);

// The due instants among the walls, from `first` on; the steps before it are needed to know which
// times were seen already.
inline std::vector<std::int64_t> due(schedule const &s, std::vector<wall> const &all,
                                     std::int64_t begin, int step, std::int64_t first);

inline int pick(random &source, int least, int most)
{
    return least + static_cast<int>(source() % static_cast<unsigned>(most - least + 1));
}

inline int length_of_month(wall const &at)
{
    // The day before the first of the next month, as the C library counts.
    std::tm next{};
    next.tm_year = at.year - 1900;
    next.tm_mon = at.month; // the next one
    next.tm_mday = 0;
    next.tm_hour = 12;
    ::timegm(&next);
    return next.tm_mday;
}

inline bool workday(int weekday)
{
    return weekday != 0 && weekday != 6;
}

// The working day of the month with the least distance to `day`; of two the one after a Sunday,
// before a Saturday.
inline int near_workday(wall const &at, int day)
{
    auto const length = length_of_month(at);
    auto const weekday_of = [&](int d) { return ((at.weekday + d - at.day) % 7 + 7) % 7; };
    if (day > length) {
        return 0;
    }
    for (int distance = 0; distance < 3; ++distance) {
        for (int const d : {day - distance, day + distance}) {
            if (d >= 1 && d <= length && workday(weekday_of(d))) {
                return d;
            }
        }
    }
    return 0;
}

struct place {
    int least, most;
    int wall::*value;
    std::vector<std::string> names;
};

// A number, sometimes with a name or a leading zero.
inline std::string written(random &source, place const &p, int value)
{
    if (!p.names.empty() && pick(source, 0, 2) == 0) {
        auto name = p.names[static_cast<std::size_t>(value - p.least)];
        if (pick(source, 0, 1) == 0) {
            name.resize(3);
        }
        for (auto &c : name) {
            if (pick(source, 0, 1) == 0) {
                c = static_cast<char>(std::toupper(c));
            }
        }
        return name;
    }
    return (pick(source, 0, 5) == 0 ? "0" : "") + std::to_string(value);
}

inline element plain(random &source, place const &p, int near)
{
    auto const value_of = p.value;
    int const value = pick(source, 0, 2) == 0 ? near : pick(source, p.least, p.most);
    switch (pick(source, 0, 9)) {
    case 0: { // */n
        int const step = pick(source, 1, p.most);
        return {"*/" + std::to_string(step),
                [=](wall const &at) { return (at.*value_of - p.least) % step == 0; }};
    }
    case 1: { // a/n
        int const step = pick(source, 1, p.most);
        return {written(source, p, value) + "/" + std::to_string(step), [=](wall const &at) {
                    return at.*value_of >= value && (at.*value_of - value) % step == 0;
                }};
    }
    case 2:
    case 3: { // a-b
        int const last = pick(source, value, p.most);
        return {written(source, p, value) + "-" + written(source, p, last),
                [=](wall const &at) { return at.*value_of >= value && at.*value_of <= last; }};
    }
    case 4: { // a-b/n
        int const last = pick(source, value, p.most);
        int const step = pick(source, 1, p.most);
        return {written(source, p, value) + "-" + written(source, p, last) + "/" +
                    std::to_string(step),
                [=](wall const &at) {
                    return at.*value_of >= value && at.*value_of <= last &&
                           (at.*value_of - value) % step == 0;
                }};
    }
    default:
        return {written(source, p, value), [=](wall const &at) { return at.*value_of == value; }};
    }
}

inline element day_element(random &source, place const &p, int near)
{
    switch (pick(source, 0, 9)) {
    case 0:
        return {pick(source, 0, 1) == 0 ? "L" : "$",
                [](wall const &at) { return at.day == length_of_month(at); }};
    case 1: {
        int const before = pick(source, 1, 30);
        return {"L-" + std::to_string(before),
                [=](wall const &at) { return at.day == length_of_month(at) - before; }};
    }
    case 2:
        return {pick(source, 0, 1) == 0 ? "LW" : "lw",
                [](wall const &at) { return at.day == near_workday(at, length_of_month(at)); }};
    case 3:
    case 4: {
        int const day = pick(source, 0, 1) == 0 ? std::max(1, near - 1) : pick(source, 1, 31);
        return {std::to_string(day) + "W",
                [=](wall const &at) { return at.day == near_workday(at, day); }};
    }
    default:
        return plain(source, p, near);
    }
}

inline element weekday_element(random &source, place const &p, int near)
{
    int const weekday = pick(source, 0, 1) == 0 ? near : pick(source, 0, 6);
    switch (pick(source, 0, 9)) {
    case 0:
    case 1: {
        int const count = pick(source, 1, 5);
        return {written(source, p, weekday) + "#" + std::to_string(count),
                [=](wall const &at) { return at.weekday == weekday && (at.day + 6) / 7 == count; }};
    }
    case 2:
        return {written(source, p, weekday) + "L", [=](wall const &at) {
                    return at.weekday == weekday && at.day + 7 > length_of_month(at);
                }};
    case 3: // up to Sunday, at the end of a week
        if (weekday > 0) {
            int const step = pick(source, 1, 7);
            std::string const sunday = pick(source, 0, 2) == 0   ? "sun"
                                       : pick(source, 0, 1) == 0 ? "0"
                                                                 : "7";
            return {written(source, p, weekday) + "-" + sunday +
                        (step > 1 ? "/" + std::to_string(step) : ""),
                    [=](wall const &at) {
                        auto const value = at.weekday == 0 ? 7 : at.weekday;
                        return value >= weekday && (value - weekday) % step == 0;
                    }};
        }
        return {"7", [](wall const &at) { return at.weekday == 0; }};
    case 4: { // Sunday by its other number, alone or with a step that leads nowhere
        auto const step = pick(source, 0, 1) == 0 ? "/" + std::to_string(pick(source, 1, 7)) : "";
        return {"7" + step, [](wall const &at) { return at.weekday == 0; }};
    }
    default:
        return plain(source, p, near);
    }
}

inline field make_field(random &source, place const &p, int near, int star_odds)
{
    field out;
    if (pick(source, 0, 9) < star_odds) {
        out.star = true;
        out.text = "*";
        out.elements.push_back({"*", [](wall const &) { return true; }});
        return out;
    }
    int const count = pick(source, 0, 2) == 0 ? pick(source, 2, 4) : 1;
    for (int i = 0; i < count; ++i) {
        auto e = p.value == &wall::day       ? day_element(source, p, near)
                 : p.value == &wall::weekday ? weekday_element(source, p, near)
                                             : plain(source, p, near);
        out.text += (i > 0 ? "," : "") + e.text;
        out.elements.push_back(std::move(e));
    }
    out.star = out.text[0] == '*';
    return out;
}

inline bool field::matches(wall const &at) const
{
    return std::any_of(elements.begin(), elements.end(),
                       [&](element const &e) { return e.matches(at); });
}

inline std::string schedule::text() const
{
    return (six ? second.text + " " : "") + minute.text + " " + hour.text + " " + day.text + " " +
           month.text + " " + weekday.text;
}

inline bool schedule::date_matches(wall const &at) const
{
    if (!month.matches(at)) {
        return false;
    }
    bool const a = day.matches(at);
    bool const b = weekday.matches(at);
    // A star that admits all days, as against one that only begins the text ("*/2").
    auto const whole = [](field const &f) {
        return f.star && std::any_of(f.elements.begin(), f.elements.end(), [](element const &e) {
                   return e.text == "*" || e.text == "*/1";
               });
    };
    switch (days) {
    case rule::vixie:
        return day.star || weekday.star ? a && b : a || b;
    case rule::all:
        return a && b;
    case rule::any:
        break;
    }
    return whole(day) ? (whole(weekday) || b) : whole(weekday) ? a : a || b;
}

inline bool schedule::matches(wall const &at) const
{
    return (six ? second.matches(at) : at.second == 0) && minute.matches(at) && hour.matches(at) &&
           date_matches(at);
}

inline schedule make(random &source, wall const &near, bool six)
{
    static std::vector<std::string> const months{"january",   "february", "march",    "april",
                                                 "may",       "june",     "july",     "august",
                                                 "september", "october",  "november", "december"};
    static std::vector<std::string> const weekdays{"sunday",   "monday", "tuesday", "wednesday",
                                                   "thursday", "friday", "saturday"};
    schedule out;
    out.six = six;
    out.second = make_field(source, {0, 59, &wall::second, {}}, 0, 2);
    out.minute = make_field(source, {0, 59, &wall::minute, {}}, 30, 2);
    out.hour = make_field(source, {0, 23, &wall::hour, {}}, near.hour, 3);
    out.day = make_field(source, {1, 31, &wall::day, {}}, near.day, 6);
    out.month = make_field(source, {1, 12, &wall::month, months}, near.month, 7);
    out.weekday = make_field(source, {0, 6, &wall::weekday, weekdays}, near.weekday, 6);
    out.days = static_cast<rule>(pick(source, 0, 2));
    return out;
}

inline wall date(std::int64_t days_since_1970)
{
    std::time_t const at = days_since_1970 * 86400;
    std::tm tm{};
    ::gmtime_r(&at, &tm);
    return {tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, 0, 0, 0, tm.tm_wday, at};
}

inline std::vector<wall> walls(std::string const &zone, std::int64_t begin, std::int64_t end,
                               int step)
{
    ::setenv("TZ", (":" + zone).c_str(), 1);
    ::tzset();
    std::vector<wall> out;
    for (auto at = begin; at < end; at += step) {
        std::time_t const now = at;
        std::tm tm{};
        ::localtime_r(&now, &tm);
        out.push_back({tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
                       tm.tm_sec, tm.tm_wday, ::timegm(&tm)});
    }
    ::unsetenv("TZ");
    ::tzset();
    return out;
}

inline std::vector<std::int64_t> due(schedule const &s, std::vector<wall> const &all,
                                     std::int64_t begin, int step, std::int64_t first)
{
    std::vector<std::int64_t> out;
    std::int64_t seen = all.front().seconds; // the furthest that the clocks have shown
    for (std::size_t i = 1; i < all.size(); ++i) {
        auto const &now = all[i];
        bool runs = s.matches(now);
        if (s.clock()) {
            runs = runs && now.seconds > seen;
            auto const skipped = now.seconds - seen - step;
            if (skipped > 0 && skipped <= 3 * 3600) {
                for (auto t = seen + step; !runs && t < now.seconds; t += step) {
                    auto missing = date(t / 86400 - (t % 86400 < 0));
                    auto const rest = t - missing.seconds;
                    missing.hour = static_cast<int>(rest / 3600);
                    missing.minute = static_cast<int>(rest / 60 % 60);
                    missing.second = static_cast<int>(rest % 60);
                    missing.seconds = t;
                    runs = s.matches(missing);
                }
            }
        }
        seen = std::max(seen, now.seconds);
        auto const at = begin + static_cast<std::int64_t>(i) * step;
        if (runs && at >= first) {
            out.push_back(at);
        }
    }
    return out;
}

} // namespace oracle
