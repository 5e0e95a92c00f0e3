// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <optional>
#include <tuple>
#include <unordered_map>

#include "base/duration.hpp"
#include "base/text.hpp"
#include "model/configuration.hpp"
#include "model/partition_name.hpp"
#include "model/validate_parameters.hpp"
#include "zone/civil.hpp"
#include "zone/zone.hpp"

namespace pgtend::model {
namespace {

using problems = std::vector<diagnostic>;

std::string place(source_position const &at, source_position const &seen_from)
{
    return at.file == seen_from.file ? fmt::format("line {}", at.line) : to_string(at);
}

source_position const &or_else(source_position const &exact, source_position const &whole)
{
    return exact.line != 0 ? exact : whole;
}

template <class Named>
void check_unique(std::vector<Named> const &all, std::string_view what, problems &out)
{
    std::map<std::string_view, Named const *> seen;
    for (auto const &one : all) {
        if (one.name.empty()) {
            continue;
        }
        auto const [first, fresh] = seen.try_emplace(one.name, &one);
        if (!fresh) {
            out.push_back({one.at, fmt::format("{} '{}' is there twice", what, printable(one.name)),
                           fmt::format("the first is in {}; rename one of them",
                                       place(first->second->at, one.at))});
        }
    }
}

std::string offer(std::string_view wanted, std::vector<std::string_view> const &names,
                  std::string otherwise)
{
    auto const near = nearest(wanted, names);
    return near ? fmt::format("did you mean '{}'?", *near) : std::move(otherwise);
}

void check_targets_of(configuration const &all, problems &out)
{
    std::vector<std::string_view> names;
    for (auto const &target : all.targets) {
        names.push_back(target.name);
    }
    for (auto const &job : all.jobs) {
        if (!job.target.empty() &&
            std::find(names.begin(), names.end(), job.target) == names.end()) {
            out.push_back({or_else(job.target_at, job.at),
                           fmt::format("job '{}' names an unknown target '{}'", job.name,
                                       printable(job.target)),
                           offer(job.target, names, "declare it under `targets:`")});
        }
    }
}

void check_partition_jobs(configuration const &all, problems &out)
{
    std::vector<std::string> written;
    for (auto const &policy : all.partitions) {
        written.push_back(display(policy.table));
    }
    std::vector<std::string_view> const names{written.begin(), written.end()};
    for (auto const &job : all.jobs) {
        auto const *action = std::get_if<partition_action>(&job.action);
        if (action == nullptr || !job.enabled) {
            continue;
        }
        if (all.partitions.empty()) {
            out.push_back({or_else(job.action_at, job.at),
                           fmt::format("job '{}' has no partition policy to work on", job.name),
                           "declare the tables under `partitions:`"});
            continue;
        }
        for (auto const &table : action->tables) {
            auto const name = display(table);
            if (std::find(names.begin(), names.end(), name) == names.end()) {
                out.push_back({or_else(job.action_at, job.at),
                               fmt::format("job '{}' names {}, which has no partition policy",
                                           job.name, name),
                               offer(name, names, "declare it under `partitions:`")});
            }
        }
    }
}

void check_profiles_of(configuration const &all, problems &out)
{
    std::vector<std::string_view> names;
    for (auto const &profile : all.checks.profiles) {
        names.push_back(profile.name);
    }
    for (auto const &job : all.jobs) {
        auto const *action = std::get_if<check_action>(&job.action);
        if (action != nullptr && !action->profile.empty() &&
            std::find(names.begin(), names.end(), action->profile) == names.end()) {
            out.push_back({action->at,
                           fmt::format("job '{}' names an unknown profile '{}'", job.name,
                                       printable(action->profile)),
                           offer(action->profile, names, "declare it under checks: profiles:")});
        }
    }
}

void check_indexes(configuration const &all, problems &out)
{
    std::map<qualified_name, index_policy const *> seen;
    for (auto const &policy : all.indexes) {
        qualified_name const name{policy.table.schema, policy.name};
        auto const [first, fresh] = seen.try_emplace(name, &policy);
        if (!fresh) {
            out.push_back({policy.at, fmt::format("index {} is declared twice", display(name)),
                           fmt::format("the first is in {}; rename one of them",
                                       place(first->second->at, policy.at))});
        }
    }
    std::vector<std::string> written;
    for (auto const &policy : all.indexes) {
        written.push_back(display(policy.table));
    }
    std::vector<std::string_view> const names{written.begin(), written.end()};
    for (auto const &job : all.jobs) {
        auto const *action = std::get_if<index_action>(&job.action);
        if (action == nullptr || !job.enabled) {
            continue;
        }
        if (all.indexes.empty()) {
            out.push_back({or_else(job.action_at, job.at),
                           fmt::format("job '{}' has no index to build", job.name),
                           "declare the indexes under `indexes:`"});
            continue;
        }
        for (auto const &table : action->tables) {
            auto const name = display(table);
            if (std::find(names.begin(), names.end(), name) == names.end()) {
                out.push_back({or_else(job.action_at, job.at),
                               fmt::format("job '{}' names {}, of which no index is declared",
                                           job.name, name),
                               offer(name, names, "declare it under `indexes:`")});
            }
        }
    }
}

// A first partition of the policy; all its partitions' names have the same length.
partition_start sample(partition_policy const &policy)
{
    auto const from = policy.from.value_or(date{2025, 1, 1});
    return {from.year, from.month, from.day, 0};
}

// `from` must be where a partition begins: silently moving it would create one that nobody asked
// for.
void check_from(partition_policy const &policy)
{
    if (!policy.from) {
        return;
    }
    auto const &from = *policy.from;
    bool good = true;
    std::string_view want;
    switch (policy.every) {
    case step::hour:
    case step::day:
        return;
    case step::week:
        good = weekday(days_from_civil(from.year, from.month, from.day)) == 1;
        want = "a Monday";
        break;
    case step::month:
        good = from.day == 1;
        want = "the first of a month";
        break;
    case step::quarter:
        good = from.day == 1 && from.month % 3 == 1;
        want = "the first of January, April, July or October";
        break;
    case step::year:
        good = from.day == 1 && from.month == 1;
        want = "the first of January";
        break;
    }
    if (!good) {
        throw error{fmt::format("`from: {:04}-{:02}-{:02}` is not where a {} begins", from.year,
                                from.month, from.day, name(policy.every)),
                    fmt::format("write {}", want)};
    }
}

void check_name(partition_policy const &policy)
{
    check_pattern(policy.name_pattern.empty() ? default_pattern(policy.every)
                                              : std::string_view{policy.name_pattern},
                  policy.every);
    partition_name(policy, sample(policy));
    if (policy.every == step::hour && policy.time_zone != "UTC") {
        throw error{"partitions by the hour need `timezone: UTC`",
                    "the hour that a zone's clocks repeat would have no name of its own"};
    }
}

// The names that a policy can make: each digit that depends on time as '#'.
std::string shape(partition_policy const &policy)
{
    std::string_view rest =
        policy.name_pattern.empty() ? default_pattern(policy.every) : policy.name_pattern;
    std::string out;
    while (!rest.empty()) {
        auto const brace = std::min(rest.find('{'), rest.size());
        out += rest.substr(0, brace);
        rest.remove_prefix(brace);
        if (rest.empty()) {
            break;
        }
        auto const end = rest.find('}');
        auto const name = rest.substr(1, end - 1);
        out += name == "table" ? policy.table.name : std::string(name.size(), '#');
        rest.remove_prefix(end + 1);
    }
    return out;
}

bool may_collide(std::string const &a, std::string const &b)
{
    auto const digit = [](char c) { return c == '#' || (c >= '0' && c <= '9'); };
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [&](char x, char y) {
               return x == y || (digit(x) && digit(y) && (x == '#' || y == '#'));
           });
}

// What may collide has equal ones.
std::string without_digits(std::string_view schema, std::string const &name)
{
    auto out = std::string{schema} + "." + name;
    std::replace_if(
        out.begin(), out.end(), [](char c) { return c >= '0' && c <= '9'; }, '#');
    return out;
}

void check_partitions(configuration const &all, problems &out)
{
    std::map<qualified_name, partition_policy const *> seen;
    std::vector<std::pair<std::string, partition_policy const *>> shapes;
    // By what is left without digits: indexes of `shapes`, ascending.
    std::unordered_map<std::string, std::vector<std::size_t>> names, names_of_partitions;
    for (auto const &policy : all.partitions) {
        auto const refuse = [&](source_position const &exact, std::string const &message,
                                std::string hint) {
            out.push_back({or_else(exact, policy.at),
                           fmt::format("partitions of {}: {}", display(policy.table), message),
                           std::move(hint)});
        };
        auto const [first, fresh] = seen.try_emplace(policy.table, &policy);
        if (!fresh) {
            out.push_back(
                {policy.at,
                 fmt::format("table {} has two partition policies", display(policy.table)),
                 fmt::format("the first is in {}; keep one of them",
                             place(first->second->at, policy.at))});
            continue;
        }
        try {
            check_from(policy);
        } catch (error const &e) {
            refuse(policy.from_at, e.message(), e.hint());
        }
        try {
            check_name(policy);
        } catch (error const &e) {
            refuse(policy.name_at, e.message(), e.hint());
            continue;
        }
        auto const &schema = policy.table.schema;
        auto its = shape(policy);
        names[without_digits(schema, policy.table.name)].push_back(shapes.size());
        names_of_partitions[without_digits(schema, its)].push_back(shapes.size());
        shapes.emplace_back(std::move(its), &policy);
    }
    auto const first = [](auto const &groups, std::string const &group, auto const &collides) {
        auto const at = groups.find(group);
        if (at == groups.end()) {
            return std::optional<std::size_t>{};
        }
        auto const found = std::find_if(at->second.begin(), at->second.end(), collides);
        return found == at->second.end() ? std::nullopt : std::optional{*found};
    };
    for (std::size_t i = 0; i < shapes.size(); ++i) {
        auto const &mine = shapes[i].first;
        auto const *const policy = shapes[i].second;
        auto const refuse = [&](std::string const &whose) {
            out.push_back(
                {or_else(policy->name_at, policy->at),
                 fmt::format("partitions of {} may get the {}", display(policy->table), whose),
                 "begin `name:` with {table}_, or with words that differ"});
        };
        auto const group = without_digits(policy->table.schema, mine);
        auto const table = first(names, group, [&](std::size_t j) {
            return may_collide(mine, shapes[j].second->table.name);
        });
        auto const partition = first(names_of_partitions, group, [&](std::size_t j) {
            return j < i && may_collide(mine, shapes[j].first);
        });
        if (table && (!partition || *table <= *partition)) {
            refuse("name of " + display(shapes[*table].second->table));
        } else if (partition) {
            refuse("names of those of " + display(shapes[*partition].second->table));
        }
    }
}

// The longest time between two slots, or the first that is `enough`: of those after a fixed
// instant, so that the answer does not depend on today.
std::optional<microseconds> longest_interval(job const &of, microseconds enough)
{
    constexpr int slots = 400;
    instant at{seconds{1735689600}}; // 2025-01-01T00:00:00Z
    auto const in = zone::load(of.time_zone);
    auto last = of.schedule.next(at, in);
    std::optional<microseconds> longest;
    for (int i = 0; last && i < slots && longest < enough; ++i) {
        auto const next = of.schedule.next(*last, in);
        if (!next) {
            break;
        }
        longest = std::max(longest.value_or(microseconds{0}), *next - *last);
        last = next;
    }
    return longest;
}

void check_max_age(job const &of, problems &out)
{
    if (of.max_age_at.line == 0 || !of.policy.max_age || of.policy.missed == missed::all) {
        return;
    }
    auto const interval = longest_interval(of, *of.policy.max_age);
    if (interval && *of.policy.max_age > *interval) {
        out.push_back(
            {of.max_age_at,
             fmt::format("max_age: {} is longer than the {} between two slots of job '{}'",
                         to_string(*of.policy.max_age), to_string(*interval), of.name),
             "write at most that; or `missed: all`, if each missed slot is to be run"});
    }
}

} // namespace

std::vector<diagnostic> validate(configuration const &all)
{
    problems out;
    check_unique(all.targets, "target", out);
    check_unique(all.jobs, "job", out);
    check_unique(all.probes, "probe", out);
    check_unique(all.attestations, "attestation", out);
    check_unique(all.objectives, "objective", out);
    check_targets_of(all, out);
    check_partition_jobs(all, out);
    check_partitions(all, out);
    check_parameters_declared_once(all, out);
    check_profiles_of(all, out);
    check_indexes(all, out);
    auto of_matviews = validate(all.matviews);
    out.insert(out.end(), of_matviews.begin(), of_matviews.end());
    for (auto const &job : all.jobs) {
        check_max_age(job, out);
    }
    std::stable_sort(out.begin(), out.end(), [](diagnostic const &a, diagnostic const &b) {
        return std::tie(a.at.file, a.at.line, a.at.column) <
               std::tie(b.at.file, b.at.line, b.at.column);
    });
    return out;
}

} // namespace pgtend::model
