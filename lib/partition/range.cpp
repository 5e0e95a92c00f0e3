// SPDX-License-Identifier: Apache-2.0
#include "partition/range.hpp"

#include <charconv>
#include <fmt/format.h>

#include "base/error.hpp"
#include "base/text.hpp"

namespace pgtend::partition {
namespace {

constexpr axis_point microseconds_a_second = 1'000'000;

// Cuts a number of decimal digits off the front.
std::optional<std::int64_t> take_number(std::string_view &rest)
{
    std::int64_t out = 0;
    auto const [end, problem] = std::from_chars(rest.data(), rest.data() + rest.size(), out);
    if (problem != std::errc{} || rest.empty() || rest.front() == '-') {
        return std::nullopt;
    }
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    return out;
}

bool skip(std::string_view &rest, char expected)
{
    if (rest.empty() || rest.front() != expected) {
        return false;
    }
    rest.remove_prefix(1);
    return true;
}

struct parts {
    std::int64_t year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, micros = 0;
    std::int64_t offset = 0; // seconds east of UTC
};

std::optional<std::int64_t> take_micros(std::string_view &rest)
{
    auto const digits =
        rest.substr(0, std::min<std::size_t>(rest.find_first_not_of("0123456789"), 6));
    auto const count = digits.size();
    auto out = take_number(rest);
    for (auto i = count; out && i < 6; ++i) {
        *out *= 10;
    }
    return out;
}

bool take_time(std::string_view &rest, parts &into)
{
    auto const hour = take_number(rest);
    if (!hour || !skip(rest, ':')) {
        return false;
    }
    auto const minute = take_number(rest);
    if (!minute || !skip(rest, ':')) {
        return false;
    }
    auto const second = take_number(rest);
    if (!second) {
        return false;
    }
    into.hour = *hour;
    into.minute = *minute;
    into.second = *second;
    if (skip(rest, '.')) {
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
    bool const west = !rest.empty() && rest.front() == '-';
    if (!skip(rest, '+') && !skip(rest, '-')) {
        return true; // none
    }
    std::int64_t unit = 3600;
    std::int64_t total = 0;
    do {
        auto const number = take_number(rest);
        if (!number) {
            return false;
        }
        total += *number * unit;
        unit /= 60;
    } while (unit > 0 && skip(rest, ':'));
    into.offset = west ? -total : total;
    return true;
}

std::optional<parts> parse_parts(std::string_view rest)
{
    parts out;
    auto const year = take_number(rest);
    if (!year || !skip(rest, '-')) {
        return std::nullopt;
    }
    auto const month = take_number(rest);
    if (!month || !skip(rest, '-')) {
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
    if (rest == " BC") {
        out.year = 1 - out.year;
        rest = {};
    }
    bool const sound =
        rest.empty() && out.month >= 1 && out.month <= 12 && out.day >= 1 && out.day <= 31;
    return sound ? std::optional{out} : std::nullopt;
}

std::string offset_text(seconds offset)
{
    auto const total = std::abs(offset.count());
    auto out = fmt::format("{}{:02}", offset.count() < 0 ? '-' : '+', total / 3600);
    if (total % 3600 != 0) {
        out += fmt::format(":{:02}", total / 60 % 60);
    }
    if (total % 60 != 0) {
        out += fmt::format(":{:02}", total % 60);
    }
    return out;
}

std::string date_text(civil_time const &at)
{
    return fmt::format("{:04}-{:02}-{:02}", at.year, at.month, at.day);
}

std::string time_text(civil_time const &at)
{
    return fmt::format("{} {:02}:{:02}:{:02}", date_text(at), at.hour, at.minute, at.second);
}

instant first_moment(zone const &in, civil_time const &at)
{
    auto const meaning = in.from_civil(at);
    return meaning.kind == civil_instants::kind::skipped ? meaning.transition : meaning.earlier;
}

} // namespace

std::optional<key_kind> kind_of(std::string_view type)
{
    if (type == "timestamp with time zone") {
        return key_kind::instant;
    }
    if (type == "timestamp without time zone") {
        return key_kind::civil;
    }
    if (type == "date") {
        return key_kind::date;
    }
    return std::nullopt;
}

axis_point parse_point(std::string_view text)
{
    if (text == "infinity") {
        return after_all;
    }
    if (text == "-infinity") {
        return before_all;
    }
    auto const found = parse_parts(text);
    if (!found) {
        throw error{"'" + printable(text) + "' is not a bound of a range of time"};
    }
    if (found->year > 200'000) { // the axis ends in 294247
        return after_all;
    }
    auto const days =
        days_from_civil(found->year, static_cast<int>(found->month), static_cast<int>(found->day));
    auto const total =
        days * 86400 + found->hour * 3600 + found->minute * 60 + found->second - found->offset;
    return total * microseconds_a_second + found->micros;
}

civil_time start_of(model::step every, civil_time const &at)
{
    switch (every) {
    case model::step::hour:
        return {at.year, at.month, at.day, at.hour};
    case model::step::day:
        return {at.year, at.month, at.day};
    case model::step::week: {
        auto const days = days_from_civil(at.year, at.month, at.day);
        return civil_from_days(days - (weekday(days) + 6) % 7); // Monday
    }
    case model::step::month:
        return {at.year, at.month};
    case model::step::quarter:
        return {at.year, (at.month - 1) / 3 * 3 + 1};
    case model::step::year:
        return {at.year};
    }
    return at;
}

civil_time next_start(model::step every, civil_time const &start)
{
    auto const months_later = [&](int months) {
        auto const total = start.year * 12 + start.month - 1 + months;
        return civil_time{total / 12, total % 12 + 1};
    };
    switch (every) {
    case model::step::hour:
        return civil_from_seconds(seconds_from_civil(start) + 3600);
    case model::step::day:
        return civil_from_seconds(seconds_from_civil(start) + 86400);
    case model::step::week:
        return civil_from_seconds(seconds_from_civil(start) + 7 * 86400);
    case model::step::month:
        return months_later(1);
    case model::step::quarter:
        return months_later(3);
    case model::step::year:
        return months_later(12);
    }
    return start;
}

std::string label(model::step every, civil_time const &start)
{
    switch (every) {
    case model::step::hour:
        return fmt::format("{} {:02}h", date_text(start), start.hour);
    case model::step::day:
        return date_text(start);
    case model::step::week: {
        auto const monday = days_from_civil(start.year, start.month, start.day);
        auto const year = civil_from_days(monday + 3).year; // the year of its Thursday
        return fmt::format("{:04}-w{:02}", year,
                           (monday + 3 - days_from_civil(year, 1, 1)) / 7 + 1);
    }
    case model::step::month:
        return fmt::format("{:04}-{:02}", start.year, start.month);
    case model::step::quarter:
        return fmt::format("{:04}-q{}", start.year, (start.month + 2) / 3);
    case model::step::year:
        return fmt::format("{:04}", start.year);
    }
    return {};
}

axis_point key_axis::point(civil_time const &at) const
{
    return kind_ == key_kind::instant ? first_moment(zone_, at).time_since_epoch().count()
                                      : seconds_from_civil(at) * microseconds_a_second;
}

std::string key_axis::text(civil_time const &at) const
{
    switch (kind_) {
    case key_kind::instant: {
        auto const local = zone_.to_civil(first_moment(zone_, at));
        return time_text(local.civil) + offset_text(local.offset);
    }
    case key_kind::civil:
        return time_text(at);
    case key_kind::date:
        return date_text(at);
    }
    return {};
}

} // namespace pgtend::partition
