// SPDX-License-Identifier: Apache-2.0
#include "partition/periods.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "base/error.hpp"
#include "model/partition_name.hpp"

namespace pgtend::partition {
namespace {

constexpr std::size_t most_listed = 100'000;
constexpr std::array steps{model::step::hour,  model::step::day,     model::step::week,
                           model::step::month, model::step::quarter, model::step::year};

bool finite(catalog::time_point at)
{
    // Beyond the years 1 to 9999 there is no calendar to show.
    constexpr catalog::time_point least = -62'135'596'800'000'000, most = 253'402'300'799'000'000;
    return at >= least && at < most;
}

std::string group_of(model::step every, civil_time const &start)
{
    switch (every) {
    case model::step::hour:
        return fmt::format("{:04}-{:02}-{:02}", start.year, start.month, start.day);
    case model::step::day:
        return fmt::format("{:04}-{:02}", start.year, start.month);
    case model::step::week:
        return label(every, start).substr(0, 4); // the year of ISO 8601
    case model::step::month:
    case model::step::quarter:
        return fmt::format("{:04}", start.year);
    case model::step::year:
        return fmt::format("{:03}0s", start.year / 10);
    }
    return {};
}

} // namespace

std::optional<model::step> step_of(std::vector<taken_range> const &ranges, key_axis const &axis)
{
    std::array<std::size_t, steps.size()> votes{};
    for (auto const &each : ranges) {
        if (!finite(each.from) || !finite(each.to)) {
            continue;
        }
        auto const from = axis.civil(each.from);
        for (std::size_t i = 0; i < steps.size(); ++i) {
            auto const start = start_of(steps[i], from);
            votes[i] += axis.point(start) == each.from &&
                        axis.point(next_start(steps[i], start)) == each.to;
        }
    }
    auto const most = std::max_element(votes.begin(), votes.end());
    return *most == 0 ? std::nullopt
                      : std::optional{steps[static_cast<std::size_t>(most - votes.begin())]};
}

civil_time calendar::first_wanted() const
{
    return policy && policy->from
               ? start_of(every, {policy->from->year, policy->from->month, policy->from->day})
               : start_of(every, axis.civil(now));
}

civil_time calendar::last_wanted() const
{
    auto out = start_of(every, axis.civil(now));
    for (int i = 0; policy && i < policy->premake; ++i) {
        out = next_start(every, out);
    }
    return out;
}

std::vector<period> calendar::periods(std::vector<taken_range> const &ranges) const
{
    auto const current = start_of(every, axis.civil(now));
    auto const wanted_from = first_wanted(), wanted_to = last_wanted();
    auto first = std::min(wanted_from, current), last = wanted_to;
    catalog::time_point reached = catalog::before_all; // the end of the last partition
    for (auto const &each : ranges) {
        reached = std::max(reached, each.to);
        if (finite(each.from)) {
            first = std::min(first, start_of(every, axis.civil(each.from)));
        }
        if (finite(each.to)) {
            last = std::max(last, start_of(every, axis.civil(each.to - 1)));
        }
    }
    std::vector<period> out;
    coverage covered{ranges};
    for (auto start = first; start <= last; start = next_start(every, start)) {
        auto const end = next_start(every, start);
        auto const from = axis.point(start), to = axis.point(end);
        if (from >= to) {
            continue; // clocks skip it as a whole
        }
        auto const by = covered.of(from, to);
        bool const wanted = (start >= wanted_from || start == current) && start <= wanted_to;
        period each{group_of(every, start),
                    label(every, start),
                    from,
                    axis.text(start),
                    axis.text(end),
                    period_state::present,
                    by.by == nullptr ? "" : by.by->name.name,
                    start == current,
                    wanted};
        if (by.how == cover::none) {
            bool const ahead = policy && start > current && from >= reached;
            each.state = ahead ? period_state::planned : period_state::missing;
            if (policy && wanted) {
                try {
                    each.partition = model::partition_name(
                        *policy, {start.year, start.month, start.day, start.hour});
                } catch (error const &) {
                    each.partition.clear(); // what is wrong with it is told by the planner
                }
            }
        } else if (by.how != cover::whole) {
            each.state = by.how == cover::partly ? period_state::partly : period_state::pending;
        }
        out.push_back(std::move(each));
        if (out.size() > 2 * most_listed) {
            out.erase(out.begin(), out.begin() + most_listed);
        }
    }
    if (out.size() > most_listed) {
        out.erase(out.begin(), out.end() - most_listed);
    }
    return out;
}

} // namespace pgtend::partition
