// SPDX-License-Identifier: Apache-2.0
#include "check/waive.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "base/error.hpp"
#include "base/pattern.hpp"
#include "base/text.hpp"
#include "zone/civil.hpp"

namespace pgtend::check {
namespace {

rule const *rule_of(std::string_view id)
{
    auto const &all = catalogue();
    auto const found =
        std::find_if(all.begin(), all.end(), [&](auto const &each) { return each.id == id; });
    return found == all.end() ? nullptr : &*found;
}

std::string nearest_id(std::string const &word)
{
    std::vector<std::string_view> known;
    for (auto const &each : catalogue()) {
        known.push_back(each.id);
    }
    auto const near = nearest(word, known);
    return near ? "did you mean " + *near + "?" : "pgtend check --list has them all";
}

bool over(model::date const &until, instant now)
{
    auto const today = std::chrono::floor<std::chrono::days>(now).time_since_epoch().count();
    return days_from_civil(until.year, until.month, until.day) < today;
}

} // namespace

void validate(model::check_policy const &policy)
{
    std::vector<diagnostic> problems;
    for (auto const &each : policy.waive) {
        if (rule_of(each.id) == nullptr) {
            problems.push_back(
                {each.at, "there is no check " + in_quotes(each.id), nearest_id(each.id)});
        }
    }
    auto every_threshold = policy.thresholds;
    for (auto const &profile : policy.profiles) {
        every_threshold.insert(every_threshold.end(), profile.thresholds.begin(),
                               profile.thresholds.end());
        try {
            chosen({.only = profile.only, .skip = profile.skip});
        } catch (usage_error const &e) {
            problems.push_back({profile.at, profile.name + ": " + e.message(), e.hint()});
        }
    }
    for (auto const &each : every_threshold) {
        auto const *of = rule_of(each.id);
        if (of == nullptr) {
            problems.push_back(
                {each.at, "there is no check " + in_quotes(each.id), nearest_id(each.id)});
            continue;
        }
        std::vector<std::string> known;
        for (auto const &one : thresholds(*of)) {
            known.emplace_back(one.key);
        }
        if (std::find(known.begin(), known.end(), each.key) == known.end()) {
            problems.push_back({each.at, each.id + " has no threshold " + in_quotes(each.key),
                                known.empty() ? "it has none" : "it has " + join(known, ", ")});
        }
    }
    try {
        chosen({.only = {}, .skip = policy.skip});
    } catch (usage_error const &e) {
        problems.push_back({policy.skip_at, "skip: " + e.message(), e.hint()});
    }
    if (!problems.empty()) {
        throw config_error{std::move(problems)};
    }
}

rule const &waiver_rule()
{
    static rule const all{
        .id = "waiver.current",
        .severity = severity::warning,
        .title = "every waiver is of use, and not over",
        .why = "a waiver whose time is over or that matches nothing hides what comes next",
        .fix = "remove it, or decide again until when"};
    return all;
}

bool matches(std::string_view pattern, std::string_view text)
{
    return is_like(text, pattern);
}

waiving waive(std::vector<outcome> &outcomes, model::check_policy const &policy, instant now)
{
    waiving out;
    for (auto const &each : policy.waive) {
        auto const found = std::find_if(outcomes.begin(), outcomes.end(),
                                        [&](auto const &one) { return one.of->id == each.id; });
        auto const fault = [&](severity how_bad, std::string message) {
            out.faults.push_back({.severity = how_bad,
                                  .object = to_string(each.at),
                                  .message = std::move(message),
                                  .value = {},
                                  .fix = {},
                                  .at = each.at});
        };
        if (over(each.until, now)) {
            fault(severity::warning,
                  fmt::format("the waiver of {} ended on {:04}-{:02}-{:02}", each.id,
                              each.until.year, each.until.month, each.until.day));
            continue;
        }
        if (found == outcomes.end()) {
            continue;
        }
        auto const rest = std::stable_partition(
            found->findings.begin(), found->findings.end(),
            [&](auto const &one) { return !matches(each.object, one.object); });
        if (rest == found->findings.end() && found->unseen.empty()) {
            fault(severity::warning,
                  fmt::format("the waiver of {} for {} matches nothing", each.id, each.object));
        }
        for (auto one = rest; one != found->findings.end(); ++one) {
            out.accepted.push_back({std::move(*one), found->of, &each});
        }
        found->findings.erase(rest, found->findings.end());
    }
    return out;
}

} // namespace pgtend::check
