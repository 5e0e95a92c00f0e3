// SPDX-License-Identifier: Apache-2.0
#include "partition/runway.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "partition/periods.hpp"

namespace pgtend::partition {
namespace {

// "a", "a and b", "a to z (26)": of names in order.
std::string listed(std::vector<std::string> const &names)
{
    return names.size() == 1   ? names.front()
           : names.size() == 2 ? names.front() + " and " + names.back()
                               : fmt::format("{} to {} ({})", names.front(), names.back(),
                                             thousands(static_cast<long long>(names.size())));
}

class judge_of_time {
  public:
    judge_of_time(table_facts const &of, instant now, table_status &into)
        : of_{of}, now_{now}, out_{into}
    {
    }

    void judge(std::string const &zone_name)
    {
        auto const due = of_.policy ? find_due({*of_.policy}, {of_.table}, now_) : demand{};
        for (auto const &table : due.tables) {
            if (table.oid.empty()) { // the policy does not fit the table
                for (auto const &each : table.refused) {
                    tell("unusable", each.why.message(), each.why.hint());
                }
                return;
            }
        }
        auto const kind = kind_of(of_.table.key_type);
        if (of_.table.strategy != 'r' || of_.table.key.size() != 1 || !kind) {
            out_.notes.push_back(display(out_.table) + " is partitioned by " + out_.definition +
                                 ", not by time: it has no runway");
            return;
        }
        std::vector<taken_range> ranges;
        try {
            ranges = taken_ranges(of_.table);
        } catch (error const &e) {
            tell("unusable", e.message(), e.hint());
            return;
        }
        out_.by_time = true;
        out_.time_zone = of_.policy ? of_.policy->time_zone : zone_name;
        key_axis const axis{*kind, zone::load(out_.time_zone)};
        out_.every = of_.policy ? std::optional{of_.policy->every} : step_of(ranges, axis);
        find_holes(ranges, axis);
        find_runway(ranges, axis);
        if (out_.every) {
            calendar const days{*out_.every, axis, of_.policy, now_};
            out_.periods = days.periods(ranges);
            judge_periods(ranges);
        }
        judge_runway(axis);
    }

  private:
    void tell(std::string kind, std::string message, std::string hint)
    {
        out_.findings.push_back({std::move(kind), std::move(message), std::move(hint)});
    }

    void find_holes(std::vector<taken_range> const &ranges, key_axis const &axis)
    {
        for (std::size_t i = 1; i < ranges.size(); ++i) {
            if (ranges[i - 1].to < ranges[i].from) {
                ++out_.holes;
                tell("hole",
                     fmt::format("{} has no partition from {} to {}", display(out_.table),
                                 axis.text(ranges[i - 1].to), axis.text(ranges[i].from)),
                     "");
            }
        }
    }

    void find_runway(std::vector<taken_range> const &ranges, key_axis const &axis)
    {
        auto const start = axis.point(now_);
        reached_ = start;
        for (auto const &each : ranges) {
            if (each.from <= reached_ && each.to > reached_ && !each.partition->pending_detach) {
                reached_ = each.to;
            }
        }
        if (reached_ == catalog::after_all) {
            return;
        }
        constexpr double microseconds_a_day = 86'400e6;
        out_.covered_until = axis.text(reached_);
        out_.runway_days = static_cast<double>(reached_ - start) / microseconds_a_day;
    }

    // Wanted periods before the first partition, and those that partitions cover in part. (Holes
    // between partitions are told by their bounds, what comes after them as runway.)
    void judge_periods(std::vector<taken_range> const &ranges)
    {
        auto const begin = ranges.empty() ? catalog::after_all : ranges.front().from;
        std::vector<std::string> before, partly;
        for (auto const &each : out_.periods) {
            if (!each.wanted) {
                continue;
            }
            if (each.state == period_state::missing && each.from < begin && !each.is_now) {
                before.push_back(each.label);
            }
            if (each.state == period_state::partly) {
                partly.push_back(each.label);
            }
        }
        if (!before.empty()) {
            tell("missing",
                 fmt::format("{}: {} wanted and not there", display(out_.table), listed(before)),
                 "partition create makes them");
        }
        if (!partly.empty()) {
            tell("overlap",
                 fmt::format("{}: partitions cover a part of {}, so that its own cannot be created",
                             display(out_.table), listed(partly)),
                 "bounds that fit whole periods (every:, timezone:) are needed; create what is "
                 "missing there by hand");
        }
    }

    void judge_runway(key_axis const &axis)
    {
        if (reached_ == catalog::after_all) {
            return;
        }
        auto const start = axis.point(now_);
        auto const elsewhere = out_.default_part ? "rows go into the default partition " +
                                                       display(out_.default_part->name)
                                                 : std::string{"rows are refused"};
        if (of_.policy) {
            calendar const days{of_.policy->every, axis, of_.policy, now_};
            auto const wanted = next_start(of_.policy->every, days.last_wanted());
            out_.wanted_until = axis.text(wanted);
            if (reached_ >= axis.point(wanted)) {
                return;
            }
        } else if (reached_ > start) {
            return;
        }
        auto const asked = of_.policy ? fmt::format("; premake {} asks for partitions until {}",
                                                    of_.policy->premake, out_.wanted_until)
                                      : std::string{};
        auto const until = reached_ == start
                               ? fmt::format("{} has no partition for now, {}{}",
                                             display(out_.table), elsewhere, asked)
                               : fmt::format("{} has partitions until {} ({:.1f} days), then {}{}",
                                             display(out_.table), out_.covered_until,
                                             *out_.runway_days, elsewhere, asked);
        tell("runway", until,
             of_.policy ? "partition create makes them; run it by a job each day"
                        : "create the partition of now");
    }

    table_facts const &of_;
    instant now_;
    table_status &out_;
    catalog::time_point reached_ = catalog::before_all; // what is covered from now on
};

} // namespace

void judge_time(table_facts const &of, std::string const &zone, instant now, table_status &into)
{
    judge_of_time{of, now, into}.judge(zone);
}

} // namespace pgtend::partition
