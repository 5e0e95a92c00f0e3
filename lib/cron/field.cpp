// SPDX-License-Identifier: Apache-2.0
#include "cron/field.hpp"

#include "base/duration.hpp"

namespace pgtend::cron {
namespace {

constexpr std::array<unit_facts, unit_count> table{{
    {"second", 0, 59, 60},
    {"minute", 0, 59, 60},
    {"hour", 0, 23, 24},
    {"day-of-month", 1, 31, 31},
    {"month", 1, 12, 12},
    {"day-of-week", 0, 7, 7},
}};

bool workday(int weekday) noexcept
{
    return weekday >= 1 && weekday <= 5;
}

std::string item_text(item const &i, unit of)
{
    auto const number = [](int value) { return std::to_string(value); };
    switch (i.what) {
    case item::form::range:
        break;
    case item::form::last_day:
        return i.first == 0 ? "L" : "L-" + number(i.first);
    case item::form::last_workday:
        return "LW";
    case item::form::near_workday:
        return number(i.first) + "W";
    case item::form::nth_weekday:
        return number(i.first % 7) + "#" + number(i.step);
    case item::form::last_weekday:
        return number(i.first % 7) + "L";
    }
    auto const step = i.step > 1 ? "/" + number(i.step) : "";
    if (i.star) {
        return "*" + step;
    }
    auto first = i.first;
    auto last = i.last;
    if (of == unit::weekday && first == last) {
        first = last = first % 7;
    } else if (of == unit::weekday && first == 0 && last == 7) {
        last = 6;
    }
    return first == last ? number(first) : number(first) + "-" + number(last) + step;
}

} // namespace

unit_facts const &facts(unit of) noexcept
{
    return table[static_cast<std::size_t>(of)];
}

bool field::open() const noexcept
{
    for (auto const &i : items) {
        if (i.star && i.step == 1) {
            return starred;
        }
    }
    return false;
}

std::string to_text(field const &value, unit of)
{
    std::string out;
    for (auto const &i : value.items) {
        out += (out.empty() ? "" : ",") + item_text(i, of);
    }
    return out;
}

std::string to_text(fields const &value)
{
    if (value.kind == timing::seconds) {
        return std::to_string(value.interval) + (value.interval == 1 ? " second" : " seconds");
    }
    if (value.kind == timing::every) {
        return "@every " + to_string(microseconds{value.interval * 1'000'000});
    }
    std::string out;
    for (std::size_t i = 0; i < unit_count; ++i) {
        auto const of = static_cast<unit>(i);
        auto text = to_text(value[of], of);
        if (of != unit::second || text != "0") { // second 0 is what five fields mean
            out += (out.empty() ? "" : " ") + text;
        }
    }
    return out;
}

std::uint64_t bits(field const &value, unit of) noexcept
{
    std::uint64_t out = 0;
    for (auto const &i : value.items) {
        if (i.what != item::form::range) {
            continue;
        }
        for (int v = i.first; v <= i.last; v += i.step) {
            out |= std::uint64_t{1} << (of == unit::weekday ? v % 7 : v);
        }
    }
    return out;
}

std::uint32_t day_bits(field const &days, int length, int first_weekday) noexcept
{
    auto const weekday_of = [&](int day) { return (first_weekday + day - 1) % 7; };
    // The workday nearest to a day of this month, without leaving the month.
    auto const nearest_workday = [&](int day) {
        if (workday(weekday_of(day))) {
            return day;
        }
        if (weekday_of(day) == 6) {
            return day > 1 ? day - 1 : day + 2;
        }
        return day < length ? day + 1 : day - 2;
    };
    auto out = static_cast<std::uint32_t>(bits(days, unit::day));
    for (auto const &i : days.items) {
        int day = 0;
        switch (i.what) {
        case item::form::last_day:
            day = length - i.first;
            break;
        case item::form::last_workday:
            day = nearest_workday(length);
            break;
        case item::form::near_workday:
            day = i.first <= length ? nearest_workday(i.first) : 0;
            break;
        default:
            break;
        }
        if (day > 0) {
            out |= std::uint32_t{1} << day;
        }
    }
    auto const month = length == 31 ? ~std::uint32_t{1} : (std::uint32_t{1} << (length + 1)) - 2;
    return out & month;
}

std::uint32_t weekday_bits(field const &weekdays, int length, int first_weekday) noexcept
{
    auto const plain = bits(weekdays, unit::weekday);
    std::uint32_t out = 0;
    for (int day = 1; day <= length; ++day) {
        out |= static_cast<std::uint32_t>(plain >> (first_weekday + day - 1) % 7 & 1) << day;
    }
    for (auto const &i : weekdays.items) {
        auto const first = 1 + (i.first - first_weekday + 7) % 7; // the month's first such day
        if (i.what == item::form::last_weekday) {
            out |= std::uint32_t{1} << (first + (length - first) / 7 * 7);
        } else if (i.what == item::form::nth_weekday && first + 7 * (i.step - 1) <= length) {
            out |= std::uint32_t{1} << (first + 7 * (i.step - 1));
        }
    }
    return out;
}

bool either_day(field const &days, field const &weekdays, day_match match) noexcept
{
    switch (match) {
    case day_match::vixie:
        return !days.starred && !weekdays.starred;
    case day_match::any:
        return !days.open() && !weekdays.open();
    case day_match::all:
        break;
    }
    return false;
}

} // namespace pgtend::cron
