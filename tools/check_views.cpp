// SPDX-License-Identifier: Apache-2.0
#include "tools/check_views.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <ostream>
#include <tuple>

#include "base/text.hpp"

namespace pgtend::tools {
namespace {

using check::severity;

std::string date_of(model::date const &d)
{
    return fmt::format("{:04}-{:02}-{:02}", d.year, d.month, d.day);
}

// Each with its check; the worst first, then by area as the catalogue has them.
std::vector<std::pair<check::rule const *, check::finding const *>>
sorted(check_result const &result)
{
    std::vector<std::pair<check::rule const *, check::finding const *>> out;
    for (auto const &one : result.outcomes) {
        for (auto const &each : one.findings) {
            out.emplace_back(one.of, &each);
        }
    }
    for (auto const &each : result.waiving.faults) {
        out.emplace_back(&check::waiver_rule(), &each);
    }
    std::stable_sort(out.begin(), out.end(), [](auto const &a, auto const &b) {
        return a.second->severity > b.second->severity;
    });
    return out;
}

report::table findings_table(check_result const &result)
{
    report::table out{.key = "findings",
                      .columns = {{"severity", ""},
                                  {"check", ""},
                                  {"object", ""},
                                  {"message", ""},
                                  {"value", ""},
                                  {"fix", ""},
                                  {"at", ""},
                                  {"new", ""}},
                      .rows = {}};
    for (auto const &[of, each] : sorted(result)) {
        auto const fresh = result.is_new(*of, *each);
        out.rows.push_back({{std::string{name(each->severity)}},
                            {std::string{of->id}},
                            {each->object},
                            {each->message},
                            each->value ? report::cell{*each->value} : report::cell{},
                            report::or_null(each->fix),
                            report::or_null(each->at.line > 0 ? to_string(each->at) : ""),
                            fresh ? report::cell{*fresh} : report::cell{}});
    }
    return out;
}

report::table known_table(check_result const &result)
{
    report::table out{.key = "known",
                      .columns = {{"severity", ""}, {"check", ""}, {"object", ""}, {"message", ""}},
                      .rows = {}};
    for (auto const &each : result.known) {
        out.rows.push_back({{std::string{name(each.what.severity)}},
                            {std::string{each.of->id}},
                            {each.what.object},
                            {each.what.message}});
    }
    return out;
}

report::table gone_table(check_result const &result)
{
    report::table out{
        .key = "gone", .columns = {{"check", ""}, {"object", ""}, {"detail", ""}}, .rows = {}};
    for (auto const &each : result.gone) {
        out.rows.push_back({{each.check}, {each.object}, report::or_null(each.detail)});
    }
    return out;
}

report::table checks_table(check_result const &result)
{
    report::table out{.key = "checks",
                      .columns = {{"check", ""},
                                  {"title", ""},
                                  {"severity", ""},
                                  {"status", ""},
                                  {"findings", ""},
                                  {"unseen", ""},
                                  {"elapsed", ""}},
                      .rows = {}};
    for (auto const &each : result.outcomes) {
        out.rows.push_back({{std::string{each.of->id}},
                            {std::string{each.of->title}},
                            {std::string{name(each.of->severity)}},
                            {std::string{each.passed()    ? "passed"
                                         : each.skipped() ? "skipped"
                                                          : "found"}},
                            {static_cast<long long>(each.findings.size())},
                            report::or_null(join(each.unseen, "; ")),
                            {each.elapsed}});
    }
    return out;
}

report::table fetches_table(check_result const &result)
{
    report::table out{.key = "catalog", .columns = {{"of", ""}, {"elapsed", ""}}, .rows = {}};
    for (auto const &each : result.fetches) {
        out.rows.push_back({{std::string{each.of}}, {each.elapsed}});
    }
    return out;
}

report::table waived_table(check_result const &result)
{
    report::table out{.key = "waived",
                      .columns = {{"severity", ""},
                                  {"check", ""},
                                  {"object", ""},
                                  {"message", ""},
                                  {"because", ""},
                                  {"until", ""}},
                      .rows = {}};
    for (auto const &each : result.waiving.accepted) {
        out.rows.push_back({{std::string{name(each.what.severity)}},
                            {std::string{each.of->id}},
                            {each.what.object},
                            {each.what.message},
                            {each.by->because},
                            {date_of(each.by->until)}});
    }
    return out;
}

report::table objectives_table(check_result const &result)
{
    using report::align;
    using status = check::objective_result::status;
    report::table out{.key = "objectives",
                      .columns = {{"objective", "objective", align::left, true},
                                  {"probe", ""},
                                  {"metric", ""},
                                  {"unit", ""},
                                  {"relation", ""},
                                  {"target", "target"},
                                  {"actual", "actual"},
                                  {"status", "status"},
                                  {"why", ""}},
                      .rows = {}};
    constexpr std::string_view units[] = {"s", "%", "bytes", ""};
    for (auto const &each : result.objectives) {
        auto const &of = *each.of;
        auto const target = model::show_target(of, each.unit);
        auto const tone = each.is == status::met      ? report::tone::good
                          : each.is == status::missed ? report::tone::bad
                                                      : report::tone::dim;
        out.rows.push_back(
            {{of.name},
             {of.probe},
             {of.metric},
             report::or_null(std::string{units[static_cast<std::size_t>(each.unit)]}),
             {target.substr(0, target.find(' '))},
             {of.target, report::tone::plain, target},
             each.actual ? report::cell{*each.actual, report::tone::plain,
                                        model::show_amount(*each.actual, each.unit)}
                         : report::cell{},
             {std::string{each.is == status::met      ? "met"
                          : each.is == status::missed ? "missed"
                                                      : "unseen"},
              tone},
             report::or_null(each.why)});
    }
    return out;
}

std::string heading_of(check_result const &result)
{
    auto const passed = std::count_if(result.outcomes.begin(), result.outcomes.end(),
                                      [](auto const &each) { return each.passed(); });
    return fmt::format("{}: {}, {}, {}; {} of {} passed{}{}", result.target,
                       counted(static_cast<long long>(result.count(severity::error)), "error"),
                       counted(static_cast<long long>(result.count(severity::warning)), "warning"),
                       counted(static_cast<long long>(result.count(severity::info)), "info"),
                       passed, counted(static_cast<long long>(result.outcomes.size()), "check"),
                       result.count_skipped() > 0
                           ? fmt::format(", {} skipped", result.count_skipped())
                           : "",
                       result.waiving.accepted.empty()
                           ? ""
                           : ", " +
                                 counted(static_cast<long long>(result.waiving.accepted.size()),
                                         "finding") +
                                 " waived") +
           (result.compared_with.empty()
                ? ""
                : fmt::format("; since {}: {} new, {} gone, {} as before", result.compared_with,
                              result.count_new(), result.gone.size(), result.unchanged));
}

constexpr std::size_t most_of_one = 5;

// Findings of one object that one statement mends are told as the first of them, and how many they
// are.
std::vector<std::pair<check::finding const *, std::size_t>>
mended_together(std::vector<check::finding> const &findings)
{
    std::vector<std::pair<check::finding const *, std::size_t>> out;
    std::map<std::tuple<std::string_view, std::string_view, bool>, std::size_t> known;
    for (auto const &each : findings) {
        auto const [place, added] =
            known.try_emplace({each.object, each.fix, each.fresh}, out.size());
        if (added || each.fix.empty()) {
            out.emplace_back(&each, 1);
        } else {
            ++out[place->second].second;
        }
    }
    return out;
}

report::remarks remarks_of(check::rule const &of, std::vector<check::finding> const &findings)
{
    auto worst = severity::info;
    for (auto const &each : findings) {
        worst = std::max(worst, each.severity);
    }
    report::remarks out{.label = std::string{name(worst)},
                        .tone = tone_of(worst),
                        .title = fmt::format("{}: {}", of.id, of.title),
                        .items = {}};
    auto const mended = mended_together(findings);
    for (std::size_t i = 0; i < std::min(mended.size(), most_of_one); ++i) {
        auto const &[first, count] = mended[i];
        out.items.push_back({first->object,
                             (first->fresh ? "new: " : "") + first->message +
                                 (count > 1 ? fmt::format("; and {} more of it", count - 1) : ""),
                             first->fix});
    }
    for (std::size_t i = out.items.size(); i < mended.size(); ++i) {
        out.more += mended[i].second;
    }
    return out;
}

report::remarks gone_remarks(check_result const &result)
{
    report::remarks out{.label = "gone",
                        .tone = report::tone::good,
                        .title = "what " + result.compared_with + " has and is not so any more",
                        .items = {},
                        .more = result.gone.size() - std::min(result.gone.size(), most_of_one)};
    for (std::size_t i = 0; i + out.more < result.gone.size(); ++i) {
        auto const &each = result.gone[i];
        out.items.push_back(
            {each.object, each.check + (each.detail.empty() ? "" : ": ") + each.detail});
    }
    return out;
}

// A group for each check that found something, the worst first.
std::vector<report::remarks> remarks_of(check_result const &result)
{
    std::vector<report::remarks> out;
    for (auto const how_bad : {severity::error, severity::warning, severity::info}) {
        auto const add = [&](check::rule const &of, std::vector<check::finding> const &findings) {
            if (!findings.empty()) {
                auto group = remarks_of(of, findings);
                if (group.label == name(how_bad)) {
                    out.push_back(std::move(group));
                }
            }
        };
        for (auto const &each : result.outcomes) {
            add(*each.of, each.findings);
        }
        add(check::waiver_rule(), result.waiving.faults);
    }
    report::remarks unseen{.label = "unseen", .tone = report::tone::dim, .title = {}, .items = {}};
    for (auto const &each : result.outcomes) {
        if (!each.unseen.empty()) {
            unseen.items.push_back({std::string{each.of->id},
                                    (each.skipped() ? "skipped, needs " : "in part, needs ") +
                                        join(each.unseen, "; ")});
        }
    }
    if (!result.gone.empty()) {
        out.push_back(gone_remarks(result));
    }
    if (!unseen.items.empty()) {
        unseen.title = "what could not be looked at";
        out.push_back(std::move(unseen));
    }
    return out;
}

} // namespace

report::tone tone_of(severity s)
{
    switch (s) {
    case severity::error:
        return report::tone::bad;
    case severity::warning:
        return report::tone::warn;
    case severity::info:
        break;
    }
    return report::tone::plain;
}

std::size_t check_result::count(severity of) const
{
    std::size_t out = 0;
    auto const add = [&](auto const &findings) {
        out += static_cast<std::size_t>(
            std::count_if(findings.begin(), findings.end(),
                          [&](auto const &each) { return each.severity == of; }));
    };
    for (auto const &each : outcomes) {
        add(each.findings);
    }
    add(waiving.faults);
    return out;
}

std::optional<bool> check_result::is_new(check::rule const &of, check::finding const &what) const
{
    return compared_with.empty() || not_compared.contains(of.id)
               ? std::nullopt
               : std::optional{what.fresh || against_baseline};
}

std::size_t check_result::count_new() const
{
    std::size_t out = 0;
    auto const add = [&](check::rule const &of, auto const &findings) {
        for (auto const &each : findings) {
            out += is_new(of, each).value_or(false) ? 1 : 0;
        }
    };
    for (auto const &each : outcomes) {
        add(*each.of, each.findings);
    }
    add(check::waiver_rule(), waiving.faults);
    return out;
}

std::size_t check_result::count_skipped() const
{
    return static_cast<std::size_t>(std::count_if(outcomes.begin(), outcomes.end(),
                                                  [](auto const &each) { return each.skipped(); }));
}

severity check_result::worst() const
{
    return count(severity::error) > 0     ? severity::error
           : count(severity::warning) > 0 ? severity::warning
                                          : severity::info;
}

void show(context &c, check_result const &result)
{
    report::document out;
    out.schema = "pgtend/check/1";
    auto const number = [](std::size_t n) { return report::cell{static_cast<long long>(n)}; };
    out.fields = {{"target", "", {result.target}},
                  {"errors", "", number(result.count(severity::error))},
                  {"warnings", "", number(result.count(severity::warning))},
                  {"infos", "", number(result.count(severity::info))},
                  {"skipped", "", number(result.count_skipped())},
                  {"compared_with", "", report::or_null(result.compared_with)}};
    if (c.global.output == "json") {
        out.tables = {findings_table(result), checks_table(result),     fetches_table(result),
                      waived_table(result),   objectives_table(result), known_table(result),
                      gone_table(result)};
    } else {
        out.heading = heading_of(result);
        out.remarks = remarks_of(result);
        if (!result.objectives.empty()) {
            out.tables = {objectives_table(result)};
        }
    }
    c.print(out);
}

} // namespace pgtend::tools
