// SPDX-License-Identifier: Apache-2.0
#include "matview/status.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "base/duration.hpp"
#include "base/text.hpp"
#include "matview/declared.hpp"
#include "matview/difference.hpp"
#include "matview/obstacle.hpp"

namespace pgtend::matview {
namespace {

void judge_age(status_request const &asked, instant now, view_status &out)
{
    out.refreshed = asked.refreshed;
    if (!asked.refreshed) {
        out.age_unknown = asked.unknown;
        return;
    }
    out.age = std::max(now - asked.refreshed->started, microseconds{0});
    out.stale = out.max_staleness && *out.age > *out.max_staleness;
    if (out.stale) {
        out.findings.push_back(fmt::format("its data are {} old, max_staleness is {}",
                                           humanize(*out.age), to_string(*out.max_staleness)));
    }
}

void judge_refresh(status_request const &asked, catalog::declared_matviews const &all,
                   catalog::declared_matview const &state, view_status &out)
{
    if (!state.view.may_refresh) {
        auto const why = missing_right(state.view, all.role, all.server_version);
        out.why_not = why.message();
        out.cure = why.hint();
        return;
    }
    auto const columns = asked.policy ? asked.policy->unique_index : std::vector<std::string>{};
    if (auto const hindrance = obstacle_of(state.view, columns)) {
        out.why_not = hindrance->why;
        out.cure = hindrance->cure;
        return;
    }
    out.concurrently = true;
}

void judge_definition(model::matview_policy const &policy, catalog::declared_matview const &state,
                      view_status &out)
{
    if (!has_declared_index(policy, state.view)) {
        out.findings.push_back("it has no unique index on " + join(policy.unique_index, ", ") +
                               ", as is declared: pgtend matview create makes it");
    }
    if (policy.query.empty()) {
        return;
    }
    out.definition = definition::not_compared;
    if (state.not_compared) {
        auto const &why = *state.not_compared;
        if (state.query_fails) {
            out.findings.push_back("the declared query is refused: " + why.message);
        } else {
            out.notes.push_back("not compared with the declared query: " + why.message +
                                (why.hint.empty() ? "" : "; " + why.hint));
        }
    } else if (state.as_declared) {
        out.definition = definition::as_declared;
    } else {
        out.definition = definition::differs;
        for (auto const &each : differences(*state.existing, *state.declared)) {
            out.findings.push_back("not as declared: " + each);
        }
    }
}

view_status judge_one(status_request const &asked, catalog::declared_matviews const &all,
                      catalog::declared_matview const &state, instant now)
{
    view_status out;
    auto const &found = state.view.found;
    out.exists = found.usable();
    out.declared = asked.policy.has_value();
    out.name = out.exists ? found.name : found.asked;
    if (asked.policy) {
        out.max_staleness = asked.policy->max_staleness;
    }
    if (!out.exists) {
        bool const creatable = asked.policy && !asked.policy->query.empty() && state.kind == ' ';
        out.findings.push_back(found.problem + (creatable ? ": pgtend matview create makes it"
                                                : found.hint.empty() ? ""
                                                                     : "; " + found.hint));
        return out;
    }
    out.populated = state.view.populated;
    out.rows = state.rows;
    out.bytes = state.bytes;
    out.dependents = state.dependents;
    judge_refresh(asked, all, state, out);
    if (!out.populated) {
        out.age_unknown = "it is not populated";
        if (asked.policy && asked.policy->with_data) {
            out.findings.push_back("it is not populated: every query of it fails");
        }
    } else {
        judge_age(asked, now, out);
    }
    if (asked.policy) {
        judge_definition(*asked.policy, state, out);
    }
    return out;
}

} // namespace

std::string_view name(definition value)
{
    switch (value) {
    case definition::as_declared:
        return "as_declared";
    case definition::differs:
        return "differs";
    case definition::not_compared:
        return "not_compared";
    case definition::not_declared:
        break;
    }
    return "not_declared";
}

std::vector<view_status> judge(std::vector<status_request> const &all,
                               catalog::declared_matviews const &snapshot, instant now)
{
    std::vector<view_status> out;
    for (std::size_t i = 0; i < all.size(); ++i) {
        out.push_back(judge_one(all[i], snapshot, snapshot.views.at(i), now));
    }
    return out;
}

} // namespace pgtend::matview
