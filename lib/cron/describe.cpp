// SPDX-License-Identifier: Apache-2.0
// An expression in words.
#include <bit>

#include "base/duration.hpp"
#include "cron/field.hpp"

namespace pgtend::cron {
namespace {

constexpr std::array<char const *, 12> full_month_names{
    "January", "February", "March",     "April",   "May",      "June",
    "July",    "August",   "September", "October", "November", "December"};
constexpr std::array<char const *, 7> full_weekday_names{
    "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
constexpr std::array<char const *, 5> ordinals{"first", "second", "third", "fourth", "fifth"};

std::string two(int value)
{
    return {static_cast<char>('0' + value / 10), static_cast<char>('0' + value % 10)};
}

std::string clock_time(int hour, int minute)
{
    return two(hour) + ":" + two(minute);
}

// "a", "a and b", "a, b and c"
std::string enumerate(std::vector<std::string> const &parts, char const *conjunction = " and ")
{
    std::string out;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        out += (i == 0 ? "" : i + 1 == parts.size() ? conjunction : ", ") + parts[i];
    }
    return out;
}

// The members of a set, three or more in a row as "first to last".
template <class Name> std::string members(std::uint64_t set, Name name)
{
    std::vector<std::string> parts;
    for (int v = 0; v < 64; ++v) {
        if ((set >> v & 1) == 0) {
            continue;
        }
        int last = v;
        while (last < 63 && (set >> (last + 1) & 1) != 0) {
            ++last;
        }
        if (last - v >= 2) {
            parts.push_back(name(v) + " to " + name(last));
            v = last;
        } else {
            parts.push_back(name(v));
        }
    }
    return enumerate(parts);
}

std::string numbers(std::uint64_t set)
{
    return members(set, [](int v) { return std::to_string(v); });
}

// "minute 5", "minutes 5 and 10"
std::string counted(char const *noun, std::uint64_t set)
{
    return noun + std::string{std::has_single_bit(set) ? " " : "s "} + numbers(set);
}

// A step whose distance stays the same over the hour, the day, ...
bool even(field const &f, unit of)
{
    return f.stepped() && facts(of).size % f.items[0].step == 0;
}

// The hours as one stretch: a set of bits without a hole.
bool contiguous(std::uint64_t set)
{
    auto const shifted = set >> std::countr_zero(set);
    return (shifted & (shifted + 1)) == 0;
}

std::string time_text(fields const &f)
{
    auto const seconds = bits(f[unit::second], unit::second);
    auto const minutes = bits(f[unit::minute], unit::minute);
    auto const hours = bits(f[unit::hour], unit::hour);
    auto const &minute = f[unit::minute];
    auto const &hour = f[unit::hour];
    bool const on_the_minute = seconds == 1;
    bool const one_second = std::has_single_bit(seconds);
    auto const within =
        on_the_minute            ? ""
        : f[unit::second].open() ? ", in each second"
        : even(f[unit::second], unit::second)
            ? ", every " + std::to_string(f[unit::second].items[0].step) + " seconds"
            : ", at " + counted("second", seconds);

    if (std::popcount(minutes) * std::popcount(hours) <= 6) {
        std::vector<std::string> times;
        for (int h = 0; h < 24; ++h) {
            for (int m = 0; m < 60; ++m) {
                if ((hours >> h & 1) != 0 && (minutes >> m & 1) != 0) {
                    times.push_back(clock_time(h, m) + (one_second && !on_the_minute
                                                            ? ":" + two(std::countr_zero(seconds))
                                                            : ""));
                }
            }
        }
        return "at " + enumerate(times) + (one_second ? "" : within);
    }

    std::string in_hours;
    if (even(hour, unit::hour)) {
        auto const step = hour.items[0].step;
        in_hours = "every " + std::to_string(step) +
                   (step == 2   ? "nd"
                    : step == 3 ? "rd"
                                : "th") +
                   " hour from 00:00";
    } else if (!hour.open()) {
        in_hours = "the " + counted("hour", hours);
    }
    if (minute.open() || even(minute, unit::minute)) {
        auto const step = minute.open() ? 1 : minute.items[0].step;
        if (hour.open() && step == 1 && !on_the_minute) {
            return one_second               ? "at second " + numbers(seconds) + " of every minute"
                   : f[unit::second].open() ? "every second"
                   : even(f[unit::second], unit::second) ? within.substr(2)
                                                         : within.substr(2) + " of every minute";
        }
        auto out =
            step == 1 ? std::string{"every minute"} : "every " + std::to_string(step) + " minutes";
        if (!hour.open()) {
            auto const first = std::countr_zero(hours);
            auto const last = 63 - std::countl_zero(hours);
            out += contiguous(hours) ? " from " + clock_time(first, std::countr_zero(minutes)) +
                                           " to " + clock_time(last, 63 - std::countl_zero(minutes))
                                     : " in " + in_hours;
        }
        return out + within;
    }
    return "at " + counted("minute", minutes) +
           (hour.open() ? " of every hour" : " of " + in_hours) + within;
}

std::string day_text(field const &days)
{
    if (days.stepped()) {
        auto const step = days.items[0].step;
        return "every " + std::to_string(step) +
               (step == 2   ? "nd"
                : step == 3 ? "rd"
                            : "th") +
               " day of the month, from the 1st";
    }
    std::vector<std::string> parts;
    if (auto const plain = bits(days, unit::day); plain != 0) {
        parts.push_back(counted("day", plain));
    }
    for (auto const &i : days.items) {
        if (i.what == item::form::last_day) {
            parts.push_back(i.first == 0   ? "the last day"
                            : i.first == 1 ? "the day before the last"
                                           : std::to_string(i.first) + " days before the last");
        } else if (i.what == item::form::last_workday) {
            parts.emplace_back("the last workday");
        } else if (i.what == item::form::near_workday) {
            parts.push_back("the workday nearest to day " + std::to_string(i.first));
        }
    }
    return enumerate(parts) + " of the month";
}

std::string weekday_text(field const &weekdays)
{
    std::vector<std::string> parts;
    auto plain = bits(weekdays, unit::weekday);
    if (plain != 0) {
        // Weeks are read from Monday to Sunday.
        auto const from_monday = (plain >> 1) | (plain & 1) << 6;
        parts.push_back(members(from_monday, [](int v) {
            return std::string{full_weekday_names[static_cast<std::size_t>(v + 1) % 7]};
        }));
    }
    for (auto const &i : weekdays.items) {
        auto const name = [&] { return full_weekday_names[static_cast<std::size_t>(i.first % 7)]; };
        if (i.what == item::form::nth_weekday) {
            parts.push_back(std::string{"the "} + ordinals[static_cast<std::size_t>(i.step - 1)] +
                            " " + name() + " of the month");
        } else if (i.what == item::form::last_weekday) {
            parts.push_back(std::string{"the last "} + name() + " of the month");
        }
    }
    return enumerate(parts);
}

} // namespace

std::string expression::describe() const
{
    auto const f = parse_fields(text_);
    if (f.interval != 0) {
        return "every " + to_string(microseconds{f.interval * 1'000'000}) +
               ", counted from 1970-01-01T00:00:00Z";
    }
    auto out = time_text(f);
    auto const &days = f[unit::day];
    auto const &weekdays = f[unit::weekday];
    auto const months = bits(f[unit::month], unit::month);
    bool const every_month = months == 0x1FFE;
    if (either_day(days, weekdays, days_)) {
        out += ", on " + day_text(days) + ", and also on " + weekday_text(weekdays);
    } else if (days.open() && weekdays.open()) {
        if (!f[unit::hour].starred || !every_month) {
            out += ", every day";
        }
    } else if (weekdays.open()) {
        out += ", on " + day_text(days);
    } else if (days.open()) {
        out += ", on " + weekday_text(weekdays);
    } else {
        out += ", on " + day_text(days) + ", but only if that is " + weekday_text(weekdays);
    }
    if (!every_month) {
        out += ", in " + members(months, [](int v) {
                   return std::string{full_month_names[static_cast<std::size_t>(v - 1)]};
               });
    }
    return out;
}

} // namespace pgtend::cron
