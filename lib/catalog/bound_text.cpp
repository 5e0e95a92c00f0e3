// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <chrono>
#include <string>

#include "catalog/bound.hpp"

namespace pgtend::catalog {
namespace {

bool skip(std::string_view &rest, std::string_view word)
{
    if (!rest.starts_with(word)) {
        return false;
    }
    rest.remove_prefix(word.size());
    return true;
}

// Cuts decimal digits off the front.
std::optional<std::int64_t> take_number(std::string_view &rest)
{
    std::int64_t out = 0;
    auto const [end, problem] = std::from_chars(rest.data(), rest.data() + rest.size(), out);
    if (problem != std::errc{} || rest.front() == '-') {
        return std::nullopt;
    }
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    return out;
}

struct parts {
    std::int64_t year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, micros = 0;
    std::int64_t offset = 0; // seconds east of UTC
};

std::optional<std::int64_t> take_micros(std::string_view &rest)
{
    auto const count = std::min<std::size_t>(rest.find_first_not_of("0123456789"), rest.size());
    auto out = take_number(rest);
    for (auto i = count; out && i < 6; ++i) {
        *out *= 10;
    }
    return out;
}

bool take_time(std::string_view &rest, parts &into)
{
    auto const hour = take_number(rest);
    if (!hour || !skip(rest, ":")) {
        return false;
    }
    auto const minute = take_number(rest);
    if (!minute || !skip(rest, ":")) {
        return false;
    }
    auto const second = take_number(rest);
    if (!second) {
        return false;
    }
    into.hour = *hour;
    into.minute = *minute;
    into.second = *second;
    if (skip(rest, ".")) {
        auto const micros = take_micros(rest);
        if (!micros) {
            return false;
        }
        into.micros = *micros;
    }
    return true;
}

bool take_offset(std::string_view &rest, parts &into)
{
    bool const west = rest.starts_with('-');
    if (!skip(rest, "+") && !skip(rest, "-")) {
        return true; // none
    }
    std::int64_t unit = 3600;
    do {
        auto const number = take_number(rest);
        if (!number) {
            return false;
        }
        into.offset += (west ? -*number : *number) * unit;
        unit /= 60;
    } while (unit > 0 && skip(rest, ":"));
    return true;
}

std::optional<parts> parse_parts(std::string_view rest)
{
    parts out;
    auto const year = take_number(rest);
    if (!year || !skip(rest, "-")) {
        return std::nullopt;
    }
    auto const month = take_number(rest);
    if (!month || !skip(rest, "-")) {
        return std::nullopt;
    }
    auto const day = take_number(rest);
    if (!day) {
        return std::nullopt;
    }
    out.year = *year;
    out.month = *month;
    out.day = *day;
    if (rest.size() > 1 && rest[0] == ' ' && rest[1] != 'B') {
        rest.remove_prefix(1);
        if (!take_time(rest, out) || !take_offset(rest, out)) {
            return std::nullopt;
        }
    }
    if (skip(rest, " BC")) {
        out.year = 1 - out.year;
    }
    bool const sound =
        rest.empty() && out.month >= 1 && out.month <= 12 && out.day >= 1 && out.day <= 31;
    return sound ? std::optional{out} : std::nullopt;
}

// The days of a year that std::chrono can count; the calendar repeats after 400 years.
std::int64_t days_since_1970(parts const &date)
{
    using namespace std::chrono;
    auto const cycles = (date.year - 2000) / 400;
    auto const year = static_cast<int>(date.year - cycles * 400);
    auto const first = sys_days{std::chrono::year{year} / static_cast<unsigned>(date.month) / 1};
    return first.time_since_epoch().count() + date.day - 1 + cycles * 146'097;
}

// A literal, or `unbounded` (MINVALUE, MAXVALUE).
std::optional<time_point> take_value(std::string_view &rest, std::string_view unbounded,
                                     time_point without)
{
    if (skip(rest, unbounded)) {
        return without;
    }
    if (!skip(rest, "'")) {
        return std::nullopt;
    }
    auto const end = rest.find('\'');
    if (end == std::string_view::npos) {
        return std::nullopt;
    }
    auto const out = parse_time(rest.substr(0, end));
    rest.remove_prefix(end + 1);
    return out;
}

} // namespace

std::optional<time_point> parse_time(std::string_view text)
{
    if (text == "infinity") {
        return after_all;
    }
    if (text == "-infinity") {
        return before_all;
    }
    auto const found = parse_parts(text);
    if (!found) {
        return std::nullopt;
    }
    if (found->year > 200'000) { // a time_point ends in 294247
        return after_all;
    }
    auto const total = days_since_1970(*found) * 86'400 + found->hour * 3'600 + found->minute * 60 +
                       found->second - found->offset;
    return total * 1'000'000 + found->micros;
}

std::optional<time_range> range_of_text(std::string_view text)
{
    if (!skip(text, "FOR VALUES FROM (")) {
        return std::nullopt;
    }
    auto const from = take_value(text, "MINVALUE", before_all);
    if (!from || !skip(text, ") TO (")) {
        return std::nullopt;
    }
    auto const to = take_value(text, "MAXVALUE", after_all);
    return to && text == ")" ? std::optional{time_range{*from, *to}} : std::nullopt;
}

} // namespace pgtend::catalog
