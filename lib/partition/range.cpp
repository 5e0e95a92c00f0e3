// SPDX-License-Identifier: Apache-2.0
#include "partition/range.hpp"

#include <cstdlib>
#include <fmt/format.h>

namespace pgtend::partition {
namespace {

constexpr std::int64_t microseconds_a_second = 1'000'000;

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

std::string instant_text(local_time const &local, std::string const &behind_point = {})
{
    return time_text(local.civil) + behind_point + offset_text(local.offset);
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

catalog::time_point key_axis::point(civil_time const &at) const
{
    return kind_ == key_kind::instant ? first_moment(zone_, at).time_since_epoch().count()
                                      : seconds_from_civil(at) * microseconds_a_second;
}

catalog::time_point key_axis::point(pgtend::instant at) const
{
    return kind_ == key_kind::instant ? at.time_since_epoch().count() : point(civil(at));
}

civil_time key_axis::civil(catalog::time_point at) const
{
    auto const span = microseconds{at};
    return kind_ == key_kind::instant
               ? zone_.to_civil(pgtend::instant{span}).civil
               : civil_from_seconds(std::chrono::floor<seconds>(span).count());
}

std::string key_axis::text(civil_time const &at) const
{
    if (kind_ == key_kind::instant) {
        return instant_text(zone_.to_civil(first_moment(zone_, at)));
    }
    return kind_ == key_kind::date ? date_text(at) : time_text(at);
}

std::string key_axis::text(catalog::time_point at) const
{
    if (at == catalog::before_all || at == catalog::after_all) {
        return at == catalog::before_all ? "MINVALUE or -infinity" : "MAXVALUE or infinity";
    }
    auto const second = std::chrono::floor<seconds>(microseconds{at});
    auto const fraction = (microseconds{at} - second).count();
    auto const behind_point = fraction == 0 ? "" : fmt::format(".{:06}", fraction);
    if (kind_ == key_kind::instant) {
        return instant_text(zone_.to_civil(instant{microseconds{at}}), behind_point);
    }
    auto const civil = civil_from_seconds(second.count());
    return kind_ == key_kind::date ? date_text(civil) : time_text(civil) + behind_point;
}

} // namespace pgtend::partition
