// SPDX-License-Identifier: Apache-2.0
#include "jobs/readiness.hpp"

#include <algorithm>

#include "jobs/declared.hpp"
#include "jobs/matviews.hpp"
#include "jobs/partition_facts.hpp"
#include "plan/refusal.hpp"

namespace pgtend::jobs {
namespace {

planning planning_of(readiness_request const &ask)
{
    return {.session = ask.session,
            .partitions = ask.file->partitions,
            .autovacuum = ask.file->autovacuum,
            .indexes = ask.file->indexes,
            .now = ask.now,
            .role = {},
            .search_path = ask.search_path,
            .limit = ask.limit};
}

// Of the policy that a step comes from; nothing when it is told of no object of the section.
source_position declared_at(model::configuration const &file, std::string_view section,
                            plan::step const &step)
{
    auto const first = [&](auto const &policies, auto const &is_of) -> source_position {
        auto const found = std::find_if(policies.begin(), policies.end(), is_of);
        return found == policies.end() ? source_position{} : found->at;
    };
    auto const is_object = [&](qualified_name const &name) { return display(name) == step.object; };
    if (section == "partitions") {
        return first(file.partitions, [&](auto const &each) { return is_object(each.table); });
    }
    if (section == "indexes") {
        return first(file.indexes, [&](auto const &each) {
            auto const index = display({each.table.schema, each.name});
            return is_object(each.table) && step.title.find(index) != std::string::npos;
        });
    }
    if (section == "matviews") {
        return first(file.matviews, [&](auto const &each) { return is_object(each.name); });
    }
    return first(file.autovacuum, [&](auto const &each) {
        return std::any_of(each.tables.begin(), each.tables.end(), is_object);
    });
}

// As plan compares it.
std::vector<check::difference> differences(readiness_request const &ask, std::string_view name)
{
    std::vector<check::difference> out;
    auto with = planning_of(ask);
    with.partitions = {};
    with.indexes = {};
    for (auto const &section : sections()) {
        if (section.name != name) {
            continue;
        }
        auto const plan = section.difference(*ask.file, with);
        for (auto const &step : plan.steps) {
            auto const *why = plan::refused(step);
            out.push_back({.step = step.title,
                           .object = step.object,
                           .reason = step.reason,
                           .problem = why == nullptr ? "" : why->message(),
                           .unknown = step.unknown,
                           .at = declared_at(*ask.file, name, step)});
        }
    }
    return out;
}

std::vector<partition::table_status> look_at_partitions(readiness_request const &ask)
{
    auto const policies =
        ask.file == nullptr ? std::vector<model::partition_policy>{} : ask.file->partitions;
    std::vector<partition::table_status> out;
    for (auto &each : read_partition_facts(ask.session, {}, policies, false, ask.now, ask.limit)) {
        if (ask.file != nullptr) {
            each.autovacuum = ask.file->autovacuum;
        }
        out.push_back(partition::status_of(each, "UTC", {}, ask.now));
    }
    return out;
}

std::vector<check::stale_view> stale_views(readiness_request const &ask)
{
    std::vector<qualified_name> limited;
    for (auto const &each : ask.file->matviews) {
        if (each.max_staleness) {
            limited.push_back(each.name);
        }
    }
    std::vector<check::stale_view> out;
    if (limited.empty()) {
        return out;
    }
    std::string unknown;
    for (auto const &each : survey_matviews(limited, *ask.file, planning_of(ask))) {
        if (each.stale && each.age) {
            out.push_back({.name = display(each.name),
                           .job = each.refreshed ? each.refreshed->job : "",
                           .age = *each.age,
                           .limit = each.max_staleness.value_or(microseconds{0})});
        } else if (each.exists && !each.age) {
            unknown = each.age_unknown;
        }
    }
    if (out.empty() && !unknown.empty()) {
        throw check::unseen{"the time of the last refresh: " + unknown};
    }
    return out;
}

} // namespace

check::sources readiness_sources(readiness_request const &ask)
{
    check::sources out{.partitions = [ask] { return look_at_partitions(ask); },
                       .records = [ask] { return read_job_facts(ask); }};
    if (ask.file != nullptr) {
        out.attestations = ask.file->attestations;
        out.differences = [ask](std::string_view section) { return differences(ask, section); };
        out.stale_views = [ask] { return stale_views(ask); };
    }
    return out;
}

} // namespace pgtend::jobs
