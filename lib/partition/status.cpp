// SPDX-License-Identifier: Apache-2.0
#include "partition/status.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <map>

#include "base/text.hpp"
#include "partition/runway.hpp"
#include "plan/statement.hpp"

namespace pgtend::partition {
namespace {

using catalog::tree_relation;

constexpr int looked_ahead = 12; // periods whose names are looked at beyond those that are wanted

std::string counted(std::size_t number, std::string const &what)
{
    return thousands(static_cast<long long>(number)) + " " + what + (number == 1 ? "" : "s");
}

demand due_of(table_facts const &of, int beyond, instant now)
{
    if (!of.policy) {
        return {};
    }
    auto policy = *of.policy;
    policy.premake += beyond;
    return find_due({policy}, {of.table}, now);
}

catalog::creation_request request_of(table_facts const &of, int beyond, instant now)
{
    auto all = requests(due_of(of, beyond, now));
    return all.empty() ? catalog::creation_request{of.table.found.oid, {}} : std::move(all.front());
}

class survey {
  public:
    survey(table_facts const &of, std::set<std::string> const &ignored, instant now)
        : of_{of}, now_{now}
    {
        auto const &found = of.table.found;
        out_.table = found.usable() ? found.name : found.asked;
        out_.has_policy = of.policy.has_value();
        if (!found.usable()) {
            tell("unusable", found.problem, found.hint);
            return;
        }
        out_.definition = of.table.key_definition;
        std::set<std::string> defaults;
        for (auto const &each : of.table.partitions) {
            out_.partitions += !each.is_default;
            if (each.is_default) {
                defaults.insert(each.oid);
                out_.default_part = default_state{each.name, {}, false, {}};
            }
            if (each.pending_detach) {
                pending(each.name);
            }
        }
        for (auto const &each : of.tree) {
            out_.leaves += each.kind != 'p';
            out_.locks += 1 + each.indexes;
        }
        out_.lock_table = of.lock_table;
        out_.drift = differences(of.tree, of.policy, defaults, ignored, of.autovacuum);
    }

    table_status take() { return std::move(out_); }
    table_status &seen() { return out_; }
    bool usable() const { return of_.table.found.usable(); }

    void rows_in_default()
    {
        if (!out_.default_part) {
            return;
        }
        auto &part = *out_.default_part;
        if (of_.counted) {
            part.exact = true;
            part.rows = of_.counted->first;
        } else {
            estimate(part);
        }
        if (!of_.not_counted.empty()) {
            out_.notes.push_back(display(part.name) + " could not be counted: " + of_.not_counted);
        }
        if (part.exact) {
            auto const wanted = planned(of_, now_).partitions;
            for (std::size_t i = 0; i < wanted.size(); ++i) {
                if (auto const rows = of_.counted->second.at(i); rows > 0) {
                    part.blocks.push_back(fmt::format(
                        "{}: {}", wanted[i].name, counted(static_cast<std::size_t>(rows), "row")));
                }
            }
        }
        if (part.rows.value_or(0) <= 0 || !out_.by_time) {
            return; // of lists, a default partition is no accident
        }
        auto const rows = counted(static_cast<std::size_t>(*part.rows), "row");
        auto message = fmt::format("{} {}{} in the default partition {}", display(out_.table),
                                   part.exact ? "has " : "has about ", rows, display(part.name));
        if (!part.blocks.empty()) {
            message += ", in the way of " + join(part.blocks, ", ");
        }
        tell("default_rows", message,
             part.exact ? "partitions of their time cannot be created: move them into another "
                          "table, create the partitions, insert them again"
                        : "--exact counts them, and tells which partitions they are in the way of");
    }

    void names()
    {
        auto const asked = upcoming(of_, now_).partitions;
        for (std::size_t i = 0; i < asked.size() && i < of_.taken_by.size(); ++i) {
            if (!of_.taken_by[i].empty()) {
                tell("name_taken",
                     fmt::format("{} exists already ({}), and the partition from {} on is to have "
                                 "this name",
                                 display({out_.table.schema, asked[i].name}), of_.taken_by[i],
                                 asked[i].from),
                     "rename it, or choose another name: for the partitions");
            }
        }
    }

    void drift()
    {
        // As one finding what is the same of many partitions.
        using same = std::tuple<std::string, std::string, std::string, bool>;
        std::map<same, std::vector<difference const *>> groups;
        std::vector<same> order;
        for (auto const &each : out_.drift) {
            auto const key = same{each.attribute, each.is, each.should, each.cure.empty()};
            auto &group = groups[key];
            if (group.empty()) {
                order.push_back(key);
            }
            group.push_back(&each);
        }
        for (auto const &key : order) {
            auto const &group = groups.at(key);
            auto const &[attribute, is, should, no_cure] = key;
            auto const others = group.size() - 1;
            auto which = display(group.front()->partition);
            which +=
                others > 0 ? " and " + thousands(static_cast<long long>(others)) + " more" : "";
            auto cure = group.front()->cure;
            cure += others > 0 && !no_cure ? "; -o json has it for each" : "";
            tell("drift",
                 fmt::format("{}: {}: {}, should be {}", which, replace_all(attribute, "_", " "),
                             is, should),
                 std::move(cure));
        }
    }

    void lock_table()
    {
        if (out_.lock_table <= 0 || 2 * out_.locks <= out_.lock_table) {
            return;
        }
        auto const message = fmt::format(
            "a statement over all of {} takes {} locks (tables and indexes), and the server has "
            "room for {} of all sessions together",
            display(out_.table), thousands(out_.locks), thousands(out_.lock_table));
        if (out_.locks > out_.lock_table) {
            tell("lock_table", message,
                 "raise max_locks_per_transaction, which needs a restart; queries that name the "
                 "partition key take few");
        } else {
            out_.notes.push_back(message + ": more than half");
        }
    }

  private:
    void tell(std::string kind, std::string message, std::string hint)
    {
        out_.findings.push_back({std::move(kind), std::move(message), std::move(hint)});
    }

    void pending(qualified_name const &name)
    {
        out_.pending.push_back(name);
        tell("pending_detach",
             fmt::format("{}: the detach of {} did not end; its rows are invisible",
                         display(out_.table), display(name)),
             "ALTER TABLE " + plan::quote(out_.table) + " DETACH PARTITION " + plan::quote(name) +
                 " FINALIZE");
    }

    void estimate(default_state &part)
    {
        std::set<std::string> below; // it may be partitioned itself
        for (auto const &each : of_.table.partitions) {
            if (each.is_default) {
                below.insert(each.oid);
            }
        }
        for (std::size_t before = 0; before != below.size();) {
            before = below.size();
            for (auto const &each : of_.tree) {
                if (below.contains(each.parent)) {
                    below.insert(each.oid);
                }
            }
        }
        for (auto const &each : of_.tree) {
            if (!below.contains(each.oid) || each.kind == 'p') {
                continue;
            }
            if (each.live_rows) {
                part.rows = part.rows.value_or(0) + *each.live_rows;
            } else if (each.row_estimate >= 0) {
                part.rows = part.rows.value_or(0) + std::llround(each.row_estimate);
            }
        }
    }

    table_facts const &of_;
    instant now_;
    table_status out_;
};

} // namespace

std::string_view name(period_state state)
{
    switch (state) {
    case period_state::present:
        return "present";
    case period_state::partly:
        return "partly";
    case period_state::pending:
        return "pending";
    case period_state::missing:
        return "missing";
    case period_state::planned:
        return "planned";
    }
    return "?";
}

catalog::creation_request planned(table_facts const &of, instant now)
{
    return request_of(of, 0, now);
}

catalog::creation_request upcoming(table_facts const &of, instant now)
{
    return request_of(of, looked_ahead, now);
}

table_status status_of(table_facts const &of, std::string const &zone,
                       std::set<std::string> const &ignored, instant now)
{
    survey work{of, ignored, now};
    if (work.usable()) {
        judge_time(of, zone, now, work.seen());
        work.rows_in_default();
        work.names();
        work.drift();
        work.lock_table();
    }
    return work.take();
}

} // namespace pgtend::partition
