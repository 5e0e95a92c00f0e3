// SPDX-License-Identifier: Apache-2.0
#include "policy.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <sstream>

#include "cron/oracle.hpp"

namespace pgtend::simulation {

using std::chrono::minutes;

namespace {

std::int64_t in_seconds(instant at)
{
    return std::chrono::floor<seconds>(at.time_since_epoch()).count();
}

oracle::field field_of(std::string const &text, int oracle::wall::*value)
{
    oracle::field out;
    out.text = text;
    out.star = text[0] == '*';
    std::stringstream parts{text};
    for (std::string part; std::getline(parts, part, ',');) {
        if (out.star) {
            int const step = part.size() > 2 ? std::stoi(part.substr(2)) : 1;
            out.elements.push_back(
                {part, [=](oracle::wall const &at) { return at.*value % step == 0; }});
            continue;
        }
        auto const dash = part.find('-');
        int const least = std::stoi(part);
        int const most = dash == std::string::npos ? least : std::stoi(part.substr(dash + 1));
        out.elements.push_back({part, [=](oracle::wall const &at) {
                                    return at.*value >= least && at.*value <= most;
                                }});
    }
    return out;
}

} // namespace

timetable::timetable(std::string const &schedule, std::string const &time_zone, instant begin,
                     instant end)
{
    std::stringstream fields{schedule};
    std::string minute, hour, day, month, weekday;
    fields >> minute >> hour >> day >> month >> weekday;
    oracle::schedule s;
    s.minute = field_of(minute, &oracle::wall::minute);
    s.hour = field_of(hour, &oracle::wall::hour);
    s.day = field_of(day, &oracle::wall::day);
    s.month = field_of(month, &oracle::wall::month);
    s.weekday = field_of(weekday, &oracle::wall::weekday);
    auto const first = in_seconds(begin) / 60 * 60 - 2 * 86'400; // what the clocks showed before
    auto const walls = oracle::walls(time_zone, first, in_seconds(end), 60);
    for (auto const at : oracle::due(s, walls, first, 60, in_seconds(begin))) {
        slots_.push_back(instant{seconds{at}});
    }
}

std::optional<instant> timetable::newest(instant upto) const
{
    auto const at = std::upper_bound(slots_.begin(), slots_.end(), upto);
    return at == slots_.begin() ? std::nullopt : std::optional{*std::prev(at)};
}

std::optional<instant> timetable::first(instant after) const
{
    auto const at = std::upper_bound(slots_.begin(), slots_.end(), after);
    return at == slots_.end() ? std::nullopt : std::optional{*at};
}

bool timetable::has(instant slot) const
{
    return std::binary_search(slots_.begin(), slots_.end(), slot);
}

microseconds limit_of_open(model::job const &job, timetable const &slots, instant slot)
{
    microseconds const day = std::chrono::hours{24};
    auto const next = slots.first(slot);
    auto const interval = next ? microseconds{*next - slot} : day;
    auto const &age = job.policy.max_age;
    if (job.policy.missed == model::missed::all && age) {
        return *age;
    }
    return age ? std::min(*age, interval) : std::min(interval, day);
}

microseconds limit_of(model::job const &job, timetable const &slots, instant newest)
{
    return job.policy.missed == model::missed::none ? microseconds{seconds{90}}
                                                    : limit_of_open(job, slots, newest);
}

namespace {

// The breaker's pause, by arithmetic of its own. A lease that ran out is a failure of this moment.
bool rests(model::job const &job, ledger::job_state const &state, instant now)
{
    auto const &of = job.policy.breaker;
    bool const dead = !state.holder.empty();
    auto const beyond = state.failures + (dead ? 1 : 0) - of.failures;
    auto const from = dead ? std::optional{now} : state.failed_at;
    if (!of.on || beyond < 0 || !from || *from > now + minutes{1}) {
        return false;
    }
    auto const grown = static_cast<double>(of.pause.count()) * std::exp2(beyond);
    auto const most = static_cast<double>(of.ceiling.count());
    return static_cast<double>(microseconds{now - *from}.count()) < std::min(grown, most);
}

} // namespace

bool no_sessions(ledger::overview const &seen)
{
    constexpr std::array pauses{1, 2, 4, 8, 15};
    auto const beyond = static_cast<std::size_t>(std::max(seen.connect_failures - 3, 0));
    auto const ago = seen.connect_failed_at ? seen.server_time - *seen.connect_failed_at
                                            : instant::duration::max();
    return seen.connect_failures >= 3 && ago >= -minutes{1} &&
           ago < minutes{pauses.at(std::min(beyond, pauses.size() - 1))};
}

expectation expected(model::job const &job, timetable const &slots, ledger::job_state const &state,
                     instant now)
{
    using model::missed;
    expectation out;
    if (!state.known) {
        return out;
    }
    auto base = state.last_slot.value_or(now);
    bool const back = base > now + minutes{1}; // the clock was set
    if (back) {
        if (!state.ran) {
            return out;
        }
        bool const counts = state.counts_from && *state.counts_from <= now + minutes{1};
        base = std::max(counts ? *state.counts_from : now, state.ran->slot.value_or(instant{}));
    }
    if (state.schedule != job.schedule_text || state.time_zone != job.time_zone) {
        base = std::max(base, std::min(now, state.evaluated_at.value_or(now)));
    }
    auto const newest = slots.newest(now);
    bool const due = newest && *newest > base;
    bool const all = job.policy.missed == missed::all;
    if (!state.holder.empty() && state.lease_until > now) {
        // With `all`, what came meanwhile waits.
        if (due && !all && !back && job.policy.overlap == model::overlap::skip) {
            out.skip = newest;
        }
        return out;
    }
    if (rests(job, state, now)) {
        return out;
    }
    // The pauses between attempts: none, then a minute, four, sixteen.
    bool waits = false;
    auto const take_open = [&] {
        auto const &open = state.open_slot;
        bool const may = open && (!state.open_begun || model::idempotent(job.action)) &&
                         state.open_attempts < 5 && now - *open <= limit_of_open(job, slots, *open);
        constexpr std::array pauses{0, 0, 1, 4, 16};
        if (may) {
            auto const pause = minutes{pauses.at(static_cast<std::size_t>(state.open_attempts))};
            waits = state.finished_at && *state.finished_at <= now + minutes{1} &&
                    now - *state.finished_at < pause;
            if (!waits) {
                out.claim = open;
            }
        }
    };
    if (all) {
        take_open(); // it is the oldest
        if (out.claim || waits) {
            return out;
        }
    }
    if (due) {
        auto const limit = limit_of(job, slots, *newest);
        bool const runs = now - *newest <= limit;
        for (auto at = all && runs ? slots.first(base) : newest; at && *at <= now;
             at = slots.first(*at)) {
            if (now - *at <= limit) {
                out.claim = at;
                break;
            }
            out.skip = at;
        }
    }
    if (back) {
        out.skip.reset(); // the watermark is beyond it
    }
    if (!out.claim && !all) {
        take_open();
    }
    return out;
}

} // namespace pgtend::simulation
