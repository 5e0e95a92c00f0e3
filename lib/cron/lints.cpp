// SPDX-License-Identifier: Apache-2.0
// What is allowed and may not be meant.
#include <algorithm>

#include "base/duration.hpp"
#include "cron/field.hpp"

namespace pgtend::cron {
namespace {

constexpr std::int64_t longest_catch_up = 3 * 3600; // see expression::next

std::string field_place(field const &f, unit of)
{
    return std::string{facts(of).name} + " field '" + to_text(f, of) + "'";
}

void uneven_steps(fields const &f, std::vector<lint> &out)
{
    constexpr std::array<char const *, unit_count> periods{"minute", "hour", "day",
                                                           "month",  "year", "week"};
    constexpr std::array<char const *, unit_count> letters{"s", "m", "h", "d", "", "d"};
    for (std::size_t u = 0; u < unit_count; ++u) {
        auto const of = static_cast<unit>(u);
        for (auto const &i : f[of].items) {
            bool const even = of != unit::day && facts(of).size % i.step == 0;
            if (!i.star || i.step == 1 || even) {
                continue;
            }
            auto const step = std::to_string(i.step);
            auto message = field_place(f[of], of) + ": its step starts again in each " + periods[u];
            if (of == unit::day) {
                message += i.step == 2 ? ", so it runs on day 31 and on day 1" : "";
            } else {
                message += ", where the last one is " + std::to_string(facts(of).size % i.step) +
                           " instead of " + step + " long";
            }
            out.push_back({"uneven-step", message,
                           *letters[u] == '\0'
                               ? "Write the months that are meant."
                               : "Write '@every " + step + letters[u] +
                                     "' for a constant interval, or the values that are meant."});
        }
    }
}

void not_portable(fields const &f, std::vector<lint> &out)
{
    for (std::size_t u = 0; u < unit_count; ++u) {
        for (auto const &i : f.of[u].items) {
            if (i.open) {
                auto const of = static_cast<unit>(u);
                field alone;
                alone.items.push_back(i);
                auto const range = to_text(alone, of);
                out.push_back({"not-portable",
                               std::string{facts(of).name} + " field: '" + std::to_string(i.first) +
                                   "/" + std::to_string(i.step) +
                                   "' is not portable: cronie and pg_cron refuse it",
                               "Write '" + range + "', which means the same everywhere."});
            }
        }
    }
}

void day_rule(fields const &f, day_match match, std::vector<lint> &out)
{
    auto const &days = f[unit::day];
    auto const &weekdays = f[unit::weekday];
    if (match != day_match::vixie || days.open() || weekdays.open()) {
        return;
    }
    if (either_day(days, weekdays, match)) {
        out.push_back({"day-rule",
                       "both day fields are restricted: it runs when either of them matches",
                       "State what is meant by the key 'day_match: any' or 'day_match: all'."});
    } else {
        auto const of = days.starred ? unit::day : unit::weekday;
        out.push_back({"day-rule",
                       "both day fields are restricted, and " + field_place(f[of], of) +
                           " starts with '*': it runs only when both match",
                       "State what is meant by the key 'day_match: all' or 'day_match: any'."});
    }
}

std::string wall(std::int64_t local)
{
    auto const text = to_rfc3339(instant{std::chrono::seconds{local}});
    return text.substr(11, local % 60 == 0 ? 5 : 8);
}

std::string date(std::int64_t local)
{
    return to_rfc3339(instant{std::chrono::seconds{local}}).substr(0, 10);
}

std::string times(int count)
{
    return count == 1 ? "one of its times" : std::to_string(count) + " of its times";
}

} // namespace

std::vector<lint> expression::lints() const
{
    auto const f = parse_fields(text_);
    std::vector<lint> out;
    bool const has_seconds = f.six && seconds_ != 1;
    if (below_a_minute() || has_seconds) {
        out.push_back({"seconds",
                       std::string{f.six ? "the first of its six fields is the second: "
                                         : "its interval is shorter than a minute: "} +
                           "tick starts such a job at most once per call",
                       "Write a schedule of whole minutes, or call tick more often."});
    }
    if (interval_ != 0) {
        return out;
    }
    uneven_steps(f, out);
    not_portable(f, out);
    day_rule(f, days_, out);

    int months = 0;
    int without = 0;
    bool leap_only = false;
    for (int month = 1; month <= 12; ++month) {
        if ((months_ >> month & 1) == 0) {
            continue;
        }
        ++months;
        auto const matches = [&](int length) {
            for (auto const bits_of_days : month_days_[static_cast<std::size_t>(length - 28)]) {
                if (bits_of_days != 0) {
                    return true;
                }
            }
            return false;
        };
        if (!matches(days_in_month(2025, month))) {
            leap_only |= month == 2 && matches(29);
            without += month != 2 || !matches(29);
        }
    }
    if (without > 0) {
        out.push_back({"short-months",
                       "in " + std::to_string(without) + " of its " + std::to_string(months) +
                           " months no date matches",
                       "Write 'L' for the last day of each month."});
    }
    if (leap_only) {
        out.push_back({"short-months", "in February it runs in leap years only",
                       "Write 'L' for the last day of each month."});
    }
    return out;
}

std::vector<lint> expression::lints(zone const &in, instant from) const
{
    auto out = lints();
    if (interval_ != 0) {
        return out;
    }
    if (!next(from, in)) {
        out.push_back({"never",
                       "it never runs in " + in.name() + ": the clocks skip each of its times",
                       "Choose another hour."});
    }
    constexpr std::uint32_t all_hours = 0xFFFFFF;
    if (timing_ == timing::cadence && hours_ == all_hours) {
        return out; // it follows real time, which has neither gaps nor repetitions
    }
    // The calendar alone is what happens in UTC.
    zone const calendar;
    auto const matches = [&](std::int64_t begin, std::int64_t end) {
        int count = 0;
        auto const last = instant{std::chrono::seconds{end}};
        for (auto at = next(instant{std::chrono::seconds{begin - 1}}, calendar); at && *at < last;
             at = next(*at, calendar)) {
            ++count;
        }
        return count;
    };
    bool gap_told = false;
    bool repeat_told = false;
    // Dates beyond the year 9999 cannot be written.
    constexpr instant end_of_time{std::chrono::seconds{days_from_civil(9999, 12, 31) * 86400}};
    auto const until =
        std::min(from, end_of_time - std::chrono::hours{400 * 24}) + std::chrono::hours{400 * 24};
    for (auto change = in.next_transition(from); change && *change <= until;
         change = in.next_transition(*change)) {
        auto const at =
            std::chrono::floor<std::chrono::seconds>(*change).time_since_epoch().count();
        auto const span = in.span_at(*change);
        auto const before =
            at +
            span.before
                .count(); // what the clocks show at the change, by the old and by the new offset
        auto const after = at + span.offset.count();
        auto const count = matches(std::min(before, after), std::max(before, after));
        bool const gap = after > before;
        if (count == 0 || (gap ? gap_told : repeat_told)) {
            continue;
        }
        auto const first = std::min(before, after);
        auto const end = std::max(before, after);
        auto const where = "on " + date(first) + " the clocks of " + in.name() +
                           (gap ? " skip " : " repeat ") + wall(first) + " to " +
                           (end - first < 86400 ? "" : date(end) + " ") + wall(end) + ": ";
        if (gap) {
            gap_told = true;
            if (timing_ == timing::cadence || after - before > longest_catch_up) {
                out.push_back({"gap",
                               where + times(count) + (count == 1 ? " does" : " do") + " not run",
                               timing_ == timing::cadence
                                   ? "Write minutes and hours as plain lists, and it runs once "
                                     "behind the gap; or choose another hour."
                                   : "Run it by hand, if it must not be left out."});
            } else {
                out.push_back({"gap", where + "it runs once instead, at " + in.format(*change),
                               "Choose another hour, if the time matters."});
            }
        } else {
            repeat_told = true;
            out.push_back(
                timing_ == timing::cadence
                    ? lint{"repeat",
                           where + times(count) + (count == 1 ? " runs" : " run") + " twice",
                           "Write minutes and hours as plain lists, and each time runs once; or "
                           "choose another hour."}
                    : lint{"repeat", where + "it runs in the first pass only",
                           "Choose another hour, if the distance between runs matters."});
        }
    }
    return out;
}

} // namespace pgtend::cron
