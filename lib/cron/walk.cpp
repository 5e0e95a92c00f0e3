// SPDX-License-Identifier: Apache-2.0
// next() and previous(). Both work on local seconds (seconds since 1970-01-01 00:00:00 on the
// zone's wall): the calendar is searched without a zone, by bits, and the zone is asked only where
// one of its spans ends.
#include <algorithm>
#include <bit>
#include <limits>

#include "cron/expression.hpp"

namespace pgtend::cron {
namespace {

constexpr std::int64_t none = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t day_seconds = 86'400;
constexpr std::int64_t first_second = days_from_civil(1, 1, 1) * day_seconds;
constexpr std::int64_t last_second = days_from_civil(10000, 1, 1) * day_seconds - 1;
constexpr std::int64_t cycle = 146'097 * day_seconds; // 400 years: then the calendar repeats
constexpr std::int64_t longest_gap = 3 * 3600;        // that a clock schedule catches up behind
// From here on the rules of all zones are those that repeat: a search may last until one cycle
// after it.
constexpr std::int64_t settled = days_from_civil(2100, 1, 1) * day_seconds;

// In seconds; the ends of time are far outside of first_second and last_second.
struct span {
    std::int64_t begin, end, offset, before, after;
};

std::int64_t floor_seconds(instant at)
{
    return std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count();
}

span span_at(zone const &in, std::int64_t at)
{
    auto const found = in.span_at(instant{std::chrono::seconds{at}});
    return {floor_seconds(found.begin), floor_seconds(found.end), found.offset.count(),
            found.before.count(), found.after.count()};
}

std::int64_t floor_divide(std::int64_t a, std::int64_t b)
{
    return a / b - (a % b < 0 ? 1 : 0);
}

// Bits at or above / at or below a place; places outside of the word select nothing.
std::uint64_t bits_from(std::uint64_t set, int place)
{
    return place > 63 ? 0 : set & ~std::uint64_t{0} << place;
}
std::uint64_t bits_upto(std::uint64_t set, int place)
{
    return place < 0 ? 0 : set & ~std::uint64_t{0} >> (63 - place);
}
int lowest(std::uint64_t set)
{
    return std::countr_zero(set);
}
int highest(std::uint64_t set)
{
    return 63 - std::countl_zero(set);
}

} // namespace

// The calendar of an expression, and its walk through a zone.
class walker {
  public:
    walker(expression const &e, zone const &in) : e_{e}, in_{in} {}

    // A clock schedule's times are mapped to instants by a function that never decreases: a time
    // inside a gap to the gap's end, a repeated one to its first pass. So the least matching time
    // beyond the start gives the answer.
    std::int64_t next_clock(std::int64_t after) const
    {
        auto now = span_at(in_, after);
        auto start = after + now.offset + 1;
        if (now.before > now.offset) {
            start = std::max(start, now.begin + now.before); // the second pass runs nothing
        }
        auto match = first_from(start);
        for (auto const limit = last_of_search(after); match != none;) {
            if (match < now.end + now.offset) {
                return match - now.offset;
            }
            auto const gap = now.after - now.offset;
            if (gap > 0 && match < now.end + now.after) {
                if (gap <= longest_gap) {
                    return now.end;
                }
                match = first_from(now.end + now.after);
            }
            if (now.end > limit) {
                break;
            }
            now = span_at(in_, now.end);
        }
        return none;
    }

    std::int64_t next_cadence(std::int64_t after) const
    {
        auto now = span_at(in_, after);
        auto start = after + now.offset + 1;
        auto match = first_from(start);
        for (auto const limit = last_of_search(after); match != none;) {
            if (match < now.end + now.offset) {
                return match - now.offset;
            }
            if (now.end > limit) {
                break;
            }
            now = span_at(in_, now.end);
            // What the wall shows at first: it went back before the start, or over the match.
            auto const begins = now.begin + now.offset;
            if (begins < start || begins > match) {
                start = begins;
                match = first_from(start);
            }
        }
        return none;
    }

    std::int64_t previous_clock(std::int64_t upto) const
    {
        auto now = span_at(in_, upto);
        auto start = upto + now.offset;
        auto match = last_upto(start);
        for (auto const limit = first_of_search(upto); match != none;) {
            // The first time that belongs to this span: behind the gap, or behind the second pass.
            auto const begins = now.begin + std::max(now.offset, now.before);
            if (match >= begins) {
                return match - now.offset;
            }
            auto const gap = now.offset - now.before;
            if (gap > 0 && gap <= longest_gap && match >= now.begin + now.before) {
                return now.begin;
            }
            if (now.begin < limit) {
                break;
            }
            auto const end =
                now.begin + now.before - 1; // the last time that the wall showed before
            now = span_at(in_, now.begin - 1);
            if (match > end || start < end) {
                start = end;
                match = last_upto(start);
            }
        }
        return none;
    }

    std::int64_t previous_cadence(std::int64_t upto) const
    {
        auto now = span_at(in_, upto);
        auto start = upto + now.offset;
        auto match = last_upto(start);
        for (auto const limit = first_of_search(upto); match != none;) {
            if (match >= now.begin + now.offset) {
                return match - now.offset;
            }
            if (now.begin < limit) {
                break;
            }
            auto const end = now.begin + now.before - 1;
            now = span_at(in_, now.begin - 1);
            if (match > end || start < end) {
                start = end;
                match = last_upto(start);
            }
        }
        return none;
    }

    // The least matching local second at or after a local second.
    std::int64_t first_from(std::int64_t local) const
    {
        auto day = floor_divide(local, day_seconds);
        auto const found_day = first_day_from(day);
        if (found_day == none) {
            return none;
        }
        if (found_day == day) {
            auto const time = first_time_from(static_cast<int>(local - day * day_seconds));
            if (time >= 0) {
                return day * day_seconds + time;
            }
            day = first_day_from(day + 1);
            return day == none ? none : day * day_seconds + first_time();
        }
        return found_day * day_seconds + first_time();
    }

    // The greatest matching local second at or before a local second.
    std::int64_t last_upto(std::int64_t local) const
    {
        auto day = floor_divide(local, day_seconds);
        auto const found_day = last_day_upto(day);
        if (found_day == none) {
            return none;
        }
        if (found_day == day) {
            auto const time = last_time_upto(static_cast<int>(local - day * day_seconds));
            if (time >= 0) {
                return day * day_seconds + time;
            }
            day = last_day_upto(day - 1);
            return day == none ? none : day * day_seconds + last_time();
        }
        return found_day * day_seconds + last_time();
    }

  private:
    static std::int64_t last_of_search(std::int64_t after)
    {
        return std::max(after, settled) + cycle;
    }
    static std::int64_t first_of_search(std::int64_t upto) { return upto - cycle; }

    int first_time() const
    {
        return lowest(e_.hours_) * 3600 + lowest(e_.minutes_) * 60 + lowest(e_.seconds_);
    }
    int last_time() const
    {
        return highest(e_.hours_) * 3600 + highest(e_.minutes_) * 60 + highest(e_.seconds_);
    }

    int first_time_from(int time) const
    {
        int const hour = time / 3600;
        int const minute = time / 60 % 60;
        if (e_.hours_ >> hour & 1) {
            if (e_.minutes_ >> minute & 1) {
                if (auto const second = bits_from(e_.seconds_, time % 60)) {
                    return time - time % 60 + lowest(second);
                }
            }
            if (auto const later = bits_from(e_.minutes_, minute + 1)) {
                return hour * 3600 + lowest(later) * 60 + lowest(e_.seconds_);
            }
        }
        auto const later = bits_from(e_.hours_, hour + 1);
        return later == 0 ? -1
                          : lowest(later) * 3600 + lowest(e_.minutes_) * 60 + lowest(e_.seconds_);
    }

    int last_time_upto(int time) const
    {
        int const hour = time / 3600;
        int const minute = time / 60 % 60;
        if (e_.hours_ >> hour & 1) {
            if (e_.minutes_ >> minute & 1) {
                if (auto const second = bits_upto(e_.seconds_, time % 60)) {
                    return time - time % 60 + highest(second);
                }
            }
            if (auto const earlier = bits_upto(e_.minutes_, minute - 1)) {
                return hour * 3600 + highest(earlier) * 60 + highest(e_.seconds_);
            }
        }
        auto const earlier = bits_upto(e_.hours_, hour - 1);
        return earlier == 0
                   ? -1
                   : highest(earlier) * 3600 + highest(e_.minutes_) * 60 + highest(e_.seconds_);
    }

    std::uint64_t days_of(std::int64_t first_of_month, int length) const
    {
        return e_.month_days_[static_cast<std::size_t>(length - 28)]
                             [static_cast<std::size_t>(weekday(first_of_month))];
    }

    std::int64_t first_day_from(std::int64_t day) const
    {
        auto const date = civil_from_days(day);
        auto first = day - date.day + 1; // of the month
        int place = date.day;
        // The calendar repeats after 400 years, so a loop over more of them would find nothing new.
        for (int year = date.year, month = date.month; year <= date.year + 401;) {
            auto const length = days_in_month(year, month);
            if (e_.months_ >> month & 1) {
                if (auto const found = bits_from(days_of(first, length), place)) {
                    return first + lowest(found) - 1;
                }
            }
            first += length;
            place = 1;
            if (++month > 12) {
                month = 1;
                ++year;
            }
            if (auto const later = bits_from(e_.months_, month);
                later != 0 && lowest(later) != month) {
                month = lowest(later);
                first = days_from_civil(year, month, 1);
            } else if (later == 0) {
                month = lowest(e_.months_);
                first = days_from_civil(++year, month, 1);
            }
        }
        return none;
    }

    std::int64_t last_day_upto(std::int64_t day) const
    {
        auto const date = civil_from_days(day);
        auto first = day - date.day + 1;
        int place = date.day;
        for (int year = date.year, month = date.month; year >= date.year - 401;) {
            if (e_.months_ >> month & 1) {
                if (auto const found =
                        bits_upto(days_of(first, days_in_month(year, month)), place)) {
                    return first + highest(found) - 1;
                }
            }
            auto const earlier = bits_upto(e_.months_, month - 1);
            if (earlier == 0) {
                --year;
            }
            month = highest(earlier != 0 ? earlier : e_.months_);
            first = days_from_civil(year, month, 1);
            place = 31;
        }
        return none;
    }

    expression const &e_;
    zone const &in_;
};

std::optional<instant> expression::next(instant after, zone const &in) const
{
    auto const start = std::max(floor_seconds(after), first_second - 1);
    if (start > last_second) {
        return {};
    }
    std::int64_t found = none;
    if (interval_ != 0) {
        found = (floor_divide(start, interval_) + 1) * interval_;
    } else {
        walker const walk{*this, in};
        found = timing_ == timing::clock ? walk.next_clock(start) : walk.next_cadence(start);
    }
    if (found == none || found > last_second) {
        return {};
    }
    return instant{std::chrono::seconds{found}};
}

std::optional<instant> expression::previous(instant upto, zone const &in) const
{
    auto const start = std::min(floor_seconds(upto), last_second);
    if (start < first_second) {
        return {};
    }
    std::int64_t found = none;
    if (interval_ != 0) {
        found = floor_divide(start, interval_) * interval_;
    } else {
        walker const walk{*this, in};
        found =
            timing_ == timing::clock ? walk.previous_clock(start) : walk.previous_cadence(start);
    }
    if (found == none || found < first_second) {
        return {};
    }
    return instant{std::chrono::seconds{found}};
}

} // namespace pgtend::cron
