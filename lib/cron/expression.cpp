// SPDX-License-Identifier: Apache-2.0
#include "cron/expression.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "cron/field.hpp"

namespace pgtend::cron {
namespace {

// A year of each kind: every month of every year looks like one of these (a year is leap or not,
// and begins with one of seven days; all fourteen come up within 400 years).
bool some_date_matches(std::array<std::array<std::uint32_t, 7>, 4> const &month_days,
                       unsigned months)
{
    for (int first = 0; first < 7; ++first) {
        for (int const year : {2024, 2025}) { // leap, and not
            int weekday_of_first = first;
            for (int month = 1; month <= 12; ++month) {
                auto const length = days_in_month(year, month);
                if ((months >> month & 1) != 0 &&
                    month_days[static_cast<std::size_t>(length - 28)]
                              [static_cast<std::size_t>(weekday_of_first)] != 0) {
                    return true;
                }
                weekday_of_first = (weekday_of_first + length) % 7;
            }
        }
    }
    return false;
}

// The day rule, once for each kind of month.
std::array<std::array<std::uint32_t, 7>, 4> combine(field const &days, field const &weekdays,
                                                    day_match match)
{
    bool const either = either_day(days, weekdays, match);
    std::array<std::array<std::uint32_t, 7>, 4> out{};
    for (std::size_t i = 0; i < out.size(); ++i) {
        auto const length = static_cast<int>(i) + 28;
        for (std::size_t first = 0; first < 7; ++first) {
            auto const a = day_bits(days, length, static_cast<int>(first));
            if (!either && weekdays.open()) {
                out[i][first] = a;
                continue;
            }
            auto const b = weekday_bits(weekdays, length, static_cast<int>(first));
            out[i][first] = either ? a | b : a & b;
        }
    }
    return out;
}

} // namespace

expression expression::parse(std::string_view text, day_match days)
{
    auto const written = parse_fields(text);
    expression out;
    out.text_ = text;
    out.canonical_ = to_text(written);
    out.timing_ = written.kind;
    out.days_ = days;
    out.interval_ = written.interval;
    if (out.interval_ != 0) {
        return out;
    }
    out.seconds_ = bits(written[unit::second], unit::second);
    out.minutes_ = bits(written[unit::minute], unit::minute);
    out.hours_ = static_cast<std::uint32_t>(bits(written[unit::hour], unit::hour));
    out.months_ = static_cast<std::uint16_t>(bits(written[unit::month], unit::month));
    out.month_days_ = combine(written[unit::day], written[unit::weekday], days);
    if (!some_date_matches(out.month_days_, out.months_)) {
        throw usage_error{"schedule '" + out.canonical_ +
                              "': no date matches its day-of-month, month and day-of-week fields",
                          "Look at the length of the months: 'L' is the last day of each."};
    }
    return out;
}

bool expression::below_a_minute() const noexcept
{
    return interval_ != 0 ? interval_ < 60 : (seconds_ & (seconds_ - 1)) != 0;
}

bool operator==(expression const &a, expression const &b) noexcept
{
    if (a.interval_ != 0 || b.interval_ != 0) {
        return a.interval_ == b.interval_;
    }
    return a.timing_ == b.timing_ && a.seconds_ == b.seconds_ && a.minutes_ == b.minutes_ &&
           a.hours_ == b.hours_ && a.months_ == b.months_ && a.month_days_ == b.month_days_;
}

microseconds spread_offset(std::string_view job, microseconds spread) noexcept
{
    auto const choices =
        static_cast<std::uint64_t>(std::max<std::int64_t>(0, spread.count() / 1'000'000));
    if (choices == 0) {
        return microseconds{0};
    }
    std::uint64_t hash = 0xcbf29ce484222325U;
    for (auto const c : job) {
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    }
    hash = (hash ^ hash >> 30) * 0xbf58476d1ce4e5b9U;
    hash = (hash ^ hash >> 27) * 0x94d049bb133111ebU;
    hash ^= hash >> 31;
    return microseconds{static_cast<std::int64_t>(hash % choices) * 1'000'000};
}

} // namespace pgtend::cron
