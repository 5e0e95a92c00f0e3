// SPDX-License-Identifier: Apache-2.0
#include "tools/preflight_views.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "base/text.hpp"
#include "tools/runs.hpp"

namespace pgtend::tools {
namespace {

report::tone severity_tone(preflight::severity s)
{
    return s == preflight::severity::error     ? report::tone::bad
           : s == preflight::severity::warning ? report::tone::warn
                                               : report::tone::plain;
}

report::tone verdict_tone(std::string_view verdict)
{
    return verdict == "fails"      ? report::tone::bad
           : verdict == "works"    ? report::tone::good
           : verdict == "disabled" ? report::tone::dim
                                   : report::tone::warn;
}

std::string id_of(preflight::kind k)
{
    return "preflight." + std::string{name(k)};
}

report::table verdicts_table(std::vector<looked_at> const &all)
{
    report::table out{.key = "verdicts",
                      .columns = {{"target", all.size() > 1 ? "target" : ""},
                                  {"job", "job"},
                                  {"kind", "kind"},
                                  {"verdict", "verdict"},
                                  {"rows", "rows now", report::align::right},
                                  {"findings", ""}},
                      .rows = {},
                      .when_empty = "no job of the file belongs to this target"};
    for (auto const &[target, found] : all) {
        for (auto const &each : found.jobs) {
            auto const count = std::count_if(found.findings.begin(), found.findings.end(),
                                             [&](auto const &one) { return one.job == each.job; });
            out.rows.push_back(
                {{target},
                 {each.job},
                 {std::string{each.kind}},
                 {std::string{each.verdict}, verdict_tone(each.verdict)},
                 each.rows ? report::cell{*each.rows, report::tone::plain, thousands(*each.rows)}
                           : report::cell{},
                 {static_cast<long long>(count)}});
        }
    }
    return out;
}

report::table findings_table(std::vector<looked_at> const &all)
{
    report::table out{.key = "findings",
                      .columns = {{"target", ""},
                                  {"severity", ""},
                                  {"check", ""},
                                  {"job", ""},
                                  {"at", ""},
                                  {"object", ""},
                                  {"message", ""},
                                  {"fix", ""}},
                      .rows = {}};
    for (auto const &[target, found] : all) {
        for (auto const &each : found.findings) {
            out.rows.push_back({{target},
                                {std::string{name(severity_of(each.kind))}},
                                {id_of(each.kind)},
                                {each.job},
                                {to_string(each.at)},
                                {each.object},
                                {each.message},
                                report::or_null(each.fix)});
        }
    }
    return out;
}

report::table unknown_table(std::vector<looked_at> const &all)
{
    report::table out{
        .key = "unknown",
        .columns = {{"target", ""}, {"check", ""}, {"job", ""}, {"at", ""}, {"needs", ""}},
        .rows = {}};
    for (auto const &[target, found] : all) {
        for (auto const &each : found.unknowns) {
            out.rows.push_back({{target},
                                {id_of(each.kind)},
                                report::or_null(each.job),
                                report::or_null(each.job.empty() ? "" : to_string(each.at)),
                                {each.needs}});
        }
    }
    return out;
}

// A group for each severity, in the order of the jobs.
void add_remarks(report::document &to, looked_at const &one, std::string const &where)
{
    for (auto const how_bad :
         {preflight::severity::error, preflight::severity::warning, preflight::severity::info}) {
        report::remarks group{
            .label = std::string{name(how_bad)},
            .tone = severity_tone(how_bad),
            .title = (how_bad == preflight::severity::error     ? "jobs that cannot work"
                      : how_bad == preflight::severity::warning ? "jobs that may not work"
                                                                : "worth knowing") +
                     where,
            .items = {}};
        for (auto const &each : one.found.findings) {
            if (severity_of(each.kind) == how_bad) {
                group.items.push_back(
                    {each.job,
                     fmt::format("{}: {}: {}", to_string(each.at), each.object, each.message),
                     each.fix});
            }
        }
        if (!group.items.empty()) {
            to.remarks.push_back(std::move(group));
        }
    }
    report::remarks unknown{.label = "unknown",
                            .tone = report::tone::dim,
                            .title = "what could not be looked at" + where,
                            .items = {}};
    for (auto const &each : one.found.unknowns) {
        unknown.items.push_back({each.job.empty() ? "all jobs" : each.job, "needs " + each.needs});
    }
    if (!unknown.items.empty()) {
        to.remarks.push_back(std::move(unknown));
    }
}

} // namespace

preflight::report preflight_of(context &c, context::destination const &where,
                               context::control &control, pg::limits const &each)
{
    return preflight::look(control.session, jobs_of(c.configuration(), where.name),
                           {.now = control.server.server_time,
                            .transaction_pooler = control.transaction_pooler,
                            .limit = each});
}

check::job_findings job_findings_of(preflight::report const &found)
{
    check::job_findings out;
    for (auto const &each : found.findings) {
        out.found.emplace_back(id_of(each.kind),
                               check::finding{.object = each.job + ": " + each.object,
                                              .message = to_string(each.at) + ": " + each.message,
                                              .value = {},
                                              .fix = each.fix,
                                              .at = each.at});
    }
    for (auto const &each : found.unknowns) {
        out.unseen.emplace_back(id_of(each.kind),
                                (each.job.empty() ? "" : each.job + ": ") + each.needs);
    }
    return out;
}

bool add(report::document &to, std::vector<looked_at> const &all, bool json)
{
    bool failed = false;
    for (auto const &one : all) {
        failed =
            failed ||
            std::any_of(one.found.findings.begin(), one.found.findings.end(), [](auto const &each) {
                return severity_of(each.kind) == preflight::severity::error;
            });
        if (!json) {
            add_remarks(to, one, all.size() > 1 ? " on " + one.target : "");
        }
    }
    to.tables.push_back(verdicts_table(all));
    if (json) {
        to.tables.push_back(findings_table(all));
        to.tables.push_back(unknown_table(all));
    }
    return failed;
}

} // namespace pgtend::tools
