// SPDX-License-Identifier: Apache-2.0
#include "partition/due.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "base/text.hpp"
#include "model/partition_name.hpp"
#include "partition/coverage.hpp"
#include "partition/range.hpp"
#include "plan/statement.hpp"

namespace pgtend::partition {
namespace {

constexpr std::size_t most_periods = 100'000;

// Why partitions of this table cannot be made by a policy at all; throws error.
key_kind check_key(model::partition_policy const &policy, catalog::partitioned_table const &table)
{
    auto const shown = display(table.found.name);
    if (table.strategy != 'r') {
        throw error{shown + " is partitioned by " + table.key_definition +
                    ", not by ranges of time"};
    }
    if (table.key.size() != 1 || table.key.front().empty()) {
        throw error{shown + " is partitioned by " + table.key_definition +
                        ": partitions are created for one column of time only",
                    "create its partitions by hand"};
    }
    if (!policy.key.empty() && table.key.front() != policy.key) {
        throw error{shown + " is partitioned by column " + display_identifier(table.key.front()) +
                        ", not by " + display_identifier(policy.key),
                    "write key: " + display_identifier(table.key.front())};
    }
    auto const kind = kind_of(table.key_type);
    if (!kind) {
        throw error{shown + "'s partition key " + display_identifier(table.key.front()) +
                        " is of type " + table.key_type,
                    "partitions are created for keys of type timestamptz, timestamp and date"};
    }
    if (*kind == key_kind::date && policy.every == model::step::hour) {
        throw error{shown + "'s partition key " + display_identifier(table.key.front()) +
                        " is a date, which has no hours",
                    "write every: day, or more"};
    }
    return *kind;
}

class finder {
  public:
    finder(model::partition_policy const &policy, catalog::partitioned_table const &table,
           instant now)
        : policy_{policy}, axis_{check_key(policy, table), zone::load(policy.time_zone)},
          coverage_{taken_ranges(table)}, now_{start_of(policy.every, axis_.civil(now))}
    {
        out_.policy = policy;
        out_.table = table.found.name;
        out_.oid = table.found.oid;
        out_.key = table.key.front();
        for (auto const &each : table.partitions) {
            if (each.is_default) {
                out_.default_partition = each.name;
            }
        }
    }

    due_table find()
    {
        auto const first =
            policy_.from ? start_of(policy_.every,
                                    {policy_.from->year, policy_.from->month, policy_.from->day})
                         : now_;
        auto last = now_;
        for (int i = 0; i < policy_.premake; ++i) {
            last = next_start(policy_.every, last);
        }
        std::size_t periods = 0;
        for (auto start = first; start <= last; start = next_start(policy_.every, start)) {
            if (++periods > most_periods) {
                throw error{fmt::format("the policy of {} asks for more than {} partitions",
                                        display(out_.table), thousands(most_periods)),
                            "begin later (from:), or choose longer periods (every:)"};
            }
            look_at(start);
        }
        wanted_ = periods;
        return std::move(out_);
    }

    std::size_t wanted() const noexcept { return wanted_; }

  private:
    void look_at(civil_time const &start)
    {
        auto const end = next_start(policy_.every, start);
        auto const from = axis_.point(start), to = axis_.point(end);
        if (from >= to) {
            return; // clocks skip it as a whole
        }
        auto const covered = coverage_.of(from, to);
        if (covered.how == cover::whole) {
            return;
        }
        auto const name =
            model::partition_name(policy_, {start.year, start.month, start.day, start.hour});
        auto const title = "create partition " + display({out_.table.schema, name});
        auto const period = label(policy_.every, start);
        if (covered.how == cover::pending) {
            out_.refused.push_back({title, pending_error(*covered.by, period)});
        } else if (covered.how == cover::partly) {
            out_.refused.push_back({title, partly_error(*covered.by, period)});
        } else {
            out_.partitions.push_back(
                {{name, axis_.text(start), axis_.text(end)}, period, reason(start)});
        }
    }

    error pending_error(catalog::attached_partition const &by, std::string const &period) const
    {
        return error{display(out_.table) + ": " + period + " is held by " + display(by.name) +
                         ", whose concurrent detach did not end",
                     "ALTER TABLE " + plan::quote(out_.table) + " DETACH PARTITION " +
                         plan::quote(by.name) + " FINALIZE; its rows are no longer in the table"};
    }

    error partly_error(catalog::attached_partition const &by, std::string const &period) const
    {
        return error{display(out_.table) + ": partition " + display(by.name) + " (from " +
                         axis_.text(by.range->from) + " to " + axis_.text(by.range->to) +
                         ") covers a part of " + period,
                     "bounds that fit whole periods (every:, timezone:) are needed; create what is "
                     "missing there by hand"};
    }

    std::string reason(civil_time const &start) const
    {
        auto const period = label(policy_.every, start);
        if (start > now_) {
            return fmt::format("premake {} asks for {}", policy_.premake, period);
        }
        if (start == now_) {
            return period + " is now";
        }
        auto const first =
            start_of(policy_.every, {policy_.from->year, policy_.from->month, policy_.from->day});
        return fmt::format("{} is missing, wanted from {} on", period, label(policy_.every, first));
    }

    model::partition_policy const &policy_;
    key_axis axis_;
    coverage coverage_;
    civil_time now_;
    due_table out_;
    std::size_t wanted_ = 0;
};

void note_pending(catalog::partitioned_table const &table, std::vector<std::string> &notes)
{
    for (auto const &each : table.partitions) {
        if (each.pending_detach) {
            notes.push_back(fmt::format(
                "{}: the detach of {} did not end; its rows are invisible until ALTER TABLE {} "
                "DETACH PARTITION {} FINALIZE",
                display(table.found.name), display(each.name), plan::quote(table.found.name),
                plan::quote(each.name)));
        }
    }
}

} // namespace

demand find_due(std::vector<model::partition_policy> const &policies,
                std::vector<catalog::partitioned_table> const &tables, instant now)
{
    demand out;
    for (std::size_t i = 0; i < policies.size(); ++i) {
        auto const &policy = policies[i];
        auto const &table = tables.at(i);
        due_table due;
        try {
            if (!table.found.usable()) {
                throw error{table.found.problem, table.found.hint};
            }
            note_pending(table, out.notes);
            finder search{policy, table, now};
            due = search.find();
            if (due.partitions.empty() && due.refused.empty()) {
                out.notes.push_back(
                    fmt::format("{}: {} partitions, none of the {} wanted is missing",
                                display(due.table), table.partitions.size(), search.wanted()));
                continue;
            }
        } catch (error const &problem) {
            due = {};
            due.policy = policy;
            due.table = table.found.usable() ? table.found.name : policy.table;
            due.refused.push_back({"create partitions of " + display(due.table), problem});
        }
        out.tables.push_back(std::move(due));
    }
    return out;
}

std::vector<catalog::creation_request> requests(demand const &due)
{
    std::vector<catalog::creation_request> out;
    for (auto const &table : due.tables) {
        if (table.partitions.empty()) {
            continue;
        }
        catalog::creation_request request{table.oid, {}};
        for (auto const &each : table.partitions) {
            request.partitions.push_back(each.what);
        }
        out.push_back(std::move(request));
    }
    return out;
}

} // namespace pgtend::partition
