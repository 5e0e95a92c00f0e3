// SPDX-License-Identifier: Apache-2.0
#include "base/duration.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"

namespace pgtend {
namespace {

using integer = std::int64_t;

constexpr integer second = 1'000'000;
constexpr integer day = 86'400 * second;
constexpr integer century = 36'525 * day; // 100 years of 365.25 days

enum class dimension { months, days, time };

struct unit {
    std::string_view name; // the shortest, as it is printed
    dimension kind;
    integer size; // months, days or microseconds
    std::array<std::string_view, 4> spellings;
};

constexpr std::array<unit, 9> units{{
    {"y", dimension::months, 12, {"y", "year", "years", ""}},
    {"mon", dimension::months, 1, {"mon", "month", "months", ""}},
    {"w", dimension::days, 7, {"w", "week", "weeks", ""}},
    {"d", dimension::days, 1, {"d", "day", "days", ""}},
    {"h", dimension::time, 3600 * second, {"h", "hour", "hours", ""}},
    {"m", dimension::time, 60 * second, {"m", "min", "minute", "minutes"}},
    {"s", dimension::time, second, {"s", "sec", "second", "seconds"}},
    {"ms", dimension::time, 1000, {"ms", "", "", ""}},
    {"us", dimension::time, 1, {"us", "", "", ""}},
}};

struct reader {
    std::string_view text;
    bool calendar; // months and years too
    std::size_t at = 0;

    [[noreturn]] void fail(std::string const &why, std::string hint = {}) const
    {
        if (hint.empty()) {
            hint = calendar ? "Write '24 months', '7 days' or '1h30m'."
                            : "Write '90s', '10min', '1h30m' or '7 days'.";
        }
        throw usage_error{in_quotes(text) + " is not a duration: " + why, std::move(hint)};
    }

    bool more() const { return at < text.size(); }
    void blanks()
    {
        while (more() && text[at] == ' ') {
            ++at;
        }
    }

    integer number()
    {
        if (text[at] == '-' || text[at] == '+') {
            fail("it has a sign");
        }
        auto const start = at;
        integer value = 0;
        for (; more() && text[at] >= '0' && text[at] <= '9'; ++at) {
            value = value * 10 + (text[at] - '0');
            if (value > century) {
                fail("it is longer than 100 years");
            }
        }
        if (at == start) {
            fail("a number is missing");
        }
        if (more() && (text[at] == '.' || text[at] == ',')) {
            fail(
                "it has a fraction",
                "Use a smaller unit: '90min' for one and a half hours, '500ms' for half a second.");
        }
        return value;
    }

    unit const &unit_name()
    {
        auto const start = at;
        while (more() &&
               ((text[at] >= 'a' && text[at] <= 'z') || (text[at] >= 'A' && text[at] <= 'Z'))) {
            ++at;
        }
        auto const name = text.substr(start, at - start);
        if (name.empty()) {
            if (more()) {
                fail("unexpected " + in_quotes(text.substr(at)));
            }
            fail("the unit is missing", "Write '" + std::string{trim(text)} + "s', '" +
                                            std::string{trim(text)} +
                                            "min' or another unit: us, ms, s, min, h, d, w" +
                                            (calendar ? ", mon, y." : "."));
        }
        std::array<std::string_view, units.size() * 4> known;
        std::size_t count = 0;
        for (auto const &u : units) {
            for (auto const spelling : u.spellings) {
                if (spelling.empty() || (!calendar && u.kind == dimension::months)) {
                    continue;
                }
                if (spelling == name) {
                    return u;
                }
                known[count++] = spelling;
            }
        }
        std::string hint;
        if (auto const guess = nearest(name, std::span{known}.first(count))) {
            hint = "Did you mean '" + *guess + "'?";
        }
        if (!calendar && (name.starts_with("mon") || name.starts_with("y"))) {
            hint = "Months and years have no fixed length: write days or weeks.";
        }
        fail("unknown unit " + in_quotes(name), std::move(hint));
    }
};

interval parse(std::string_view given, bool calendar)
{
    reader in{given, calendar};
    interval out;
    std::array<bool, units.size()> seen{};
    integer total = 0;
    in.blanks();
    if (!in.more()) {
        in.fail("it is empty");
    }
    while (in.more()) {
        auto const value = in.number();
        in.blanks();
        auto const &u = in.unit_name();
        in.blanks();
        if (std::exchange(seen[static_cast<std::size_t>(&u - units.data())], true)) {
            in.fail("the unit '" + std::string{u.name} + "' is there twice");
        }
        // A month of 100 years is 365.25 / 12 days long.
        auto const length = u.kind == dimension::months ? u.size * (century / 1200)
                            : u.kind == dimension::days ? u.size * day
                                                        : u.size;
        if (value > (century - total) / length) {
            in.fail("it is longer than 100 years");
        }
        total += value * length;
        switch (u.kind) {
        case dimension::months:
            out.months += static_cast<int>(value * u.size);
            break;
        case dimension::days:
            out.days += static_cast<int>(value * u.size);
            break;
        case dimension::time:
            out.time += microseconds{value * u.size};
        }
    }
    return out;
}

std::string plural(integer count, std::string_view noun)
{
    return std::to_string(count) + " " + std::string{noun} + (count == 1 || count == -1 ? "" : "s");
}

std::string two(integer value)
{
    return {static_cast<char>('0' + value / 10), static_cast<char>('0' + value % 10)};
}

// With `days` false the largest unit is the hour.
std::string written(microseconds duration, bool days)
{
    if (duration.count() == 0) {
        return "0s";
    }
    std::string out = duration.count() < 0 ? "-" : "";
    // Unsigned, since the least value has no positive counterpart.
    auto rest = static_cast<std::uint64_t>(duration.count());
    rest = duration.count() < 0 ? 0 - rest : rest;
    for (auto const &u : units) {
        auto const size = static_cast<std::uint64_t>(u.kind == dimension::days ? day : u.size);
        if (u.kind == dimension::months || u.name == "w" || (u.kind == dimension::days && !days) ||
            rest < size) {
            continue;
        }
        out += std::to_string(rest / size);
        out += u.name;
        rest %= size;
    }
    return out;
}

} // namespace

microseconds parse_duration(std::string_view text)
{
    auto const value = parse(text, false);
    return microseconds{value.days * day} + value.time;
}

interval parse_interval(std::string_view text)
{
    return parse(text, true);
}

std::string to_string(microseconds duration)
{
    return written(duration, true);
}

std::string to_string(interval const &value)
{
    std::string out;
    auto const add = [&](std::string const &part) { out += (out.empty() ? "" : " ") + part; };
    if (value.months != 0) {
        add(plural(value.months, "month"));
    }
    if (value.days != 0) {
        add(plural(value.days, "day"));
    }
    if (value.time.count() != 0 || out.empty()) {
        add(written(value.time, false)); // days stand for themselves here
    }
    return out;
}

std::string humanize(microseconds duration)
{
    if (duration.count() < 0) {
        return duration == microseconds::min() ? "-" + humanize(microseconds::max())
                                               : "-" + humanize(-duration);
    }
    auto const us = duration.count();
    auto const rounded = [&](integer size) { return us / size + (us % size * 2 >= size ? 1 : 0); };
    if (us < 1000) {
        return us == 0 ? "0 s" : std::to_string(us) + " us";
    }
    if (rounded(1000) < 1000) {
        return std::to_string(rounded(1000)) + " ms";
    }
    if (auto const tenths = rounded(second / 10); tenths < 600) {
        return std::to_string(tenths / 10) +
               (tenths % 10 == 0 ? "" : "." + std::to_string(tenths % 10)) + " s";
    }
    auto const pair = [](integer value, integer per, std::string_view large,
                         std::string_view small) {
        return std::to_string(value / per) + " " + std::string{large} +
               (value % per == 0 ? ""
                                 : " " + std::to_string(value % per) + " " + std::string{small});
    };
    if (auto const whole = rounded(second); whole < 3600) {
        return pair(whole, 60, "min", "s");
    }
    if (auto const minutes = rounded(60 * second); minutes < 24 * 60) {
        return pair(minutes, 60, "h", "min");
    }
    return pair(rounded(3600 * second), 24, "d", "h");
}

std::string to_rfc3339(instant at)
{
    using namespace std::chrono;
    auto const date = floor<days>(at);
    year_month_day const ymd{date};
    auto const year = static_cast<int>(ymd.year());
    // Past year 32767 the calendar's own type wraps; instants reach further.
    if (at < sys_days{std::chrono::year{1} / 1 / 1} ||
        at >= sys_days{std::chrono::year{10000} / 1 / 1}) {
        throw error{"an instant outside the years 1 to 9999 cannot be written"};
    }
    auto const inside = (at - date).count();
    auto const whole = inside / second;
    std::string out = two(year / 100) + two(year % 100) + "-" +
                      two(static_cast<unsigned>(ymd.month())) + "-" +
                      two(static_cast<unsigned>(ymd.day())) + "T" + two(whole / 3600) + ":" +
                      two(whole / 60 % 60) + ":" + two(whole % 60);
    if (auto const fraction = inside % second; fraction != 0) {
        auto digits = std::to_string(second + fraction);
        digits[0] = '.';
        out += digits.substr(0, digits.find_last_not_of('0') + 1);
    }
    return out + "Z";
}

instant parse_rfc3339(std::string_view text)
{
    std::size_t at = 0;
    auto const fail = [&](std::string const &why) {
        throw usage_error{in_quotes(text) + " is not an instant: " + why,
                          "Write it as RFC 3339 says, with an offset: 2026-03-29T01:00:00Z or "
                          "2026-03-29 03:00:00+02:00."};
    };
    auto const peek = [&] { return at < text.size() ? text[at] : '\0'; };
    auto const number = [&](int digits, int least, int most, char const *what) {
        int value = 0;
        for (int i = 0; i < digits; ++i, ++at) {
            if (peek() < '0' || peek() > '9') {
                fail(std::string{"the "} + what + " needs " + std::to_string(digits) + " digits");
            }
            value = value * 10 + (text[at] - '0');
        }
        if (value < least || value > most) {
            fail(std::string{"the "} + what + " is not from " + std::to_string(least) + " to " +
                 std::to_string(most));
        }
        return value;
    };
    auto const expect = [&](std::string_view any) {
        if (at >= text.size() || any.find(text[at]) == std::string_view::npos) {
            fail(std::string{"'"} + any.front() + "' is missing at character " +
                 std::to_string(at + 1));
        }
        ++at;
    };

    using namespace std::chrono;
    auto const y = number(4, 1, 9999, "year");
    expect("-");
    auto const m = number(2, 1, 12, "month");
    expect("-");
    auto const d = number(2, 1, 31, "day");
    year_month_day const date{year{y}, month{static_cast<unsigned>(m)},
                              std::chrono::day{static_cast<unsigned>(d)}};
    if (!date.ok()) {
        fail("that month has no day " + std::to_string(d));
    }
    expect("Tt ");
    auto time = 3600 * number(2, 0, 23, "hour");
    expect(":");
    time += 60 * number(2, 0, 59, "minute");
    expect(":");
    time += number(2, 0, 59, "second");
    integer fraction = 0;
    if (peek() == '.') {
        ++at;
        integer scale = second;
        auto const start = at;
        for (; peek() >= '0' && peek() <= '9'; ++at) {
            scale /= 10; // digits after the sixth are dropped: an instant has microseconds
            fraction += scale * (text[at] - '0');
        }
        if (at == start) {
            fail("digits are missing after the point");
        }
    }
    integer offset = 0;
    if (peek() == 'Z' || peek() == 'z') {
        ++at;
    } else if (peek() == '+' || peek() == '-') {
        integer const sign = text[at++] == '-' ? -1 : 1;
        offset = 3600 * number(2, 0, 23, "offset's hour");
        if (at < text.size()) { // psql writes +02 alone
            expect(":");
            offset += 60 * number(2, 0, 59, "offset's minute");
        }
        offset *= sign;
    } else {
        fail("the offset is missing");
    }
    if (at != text.size()) {
        fail("unexpected " + in_quotes(text.substr(at)));
    }
    instant const out = sys_days{date} + microseconds{(time - offset) * second + fraction};
    if (out < sys_days{year{1} / 1 / 1} || out >= sys_days{year{10000} / 1 / 1}) {
        fail("in UTC it lies outside the years 1 to 9999");
    }
    return out;
}

} // namespace pgtend
