// SPDX-License-Identifier: Apache-2.0
// check.
#include <algorithm>
#include <fmt/format.h>
#include <memory>
#include <ostream>

#include "base/duration.hpp"
#include "base/text.hpp"
#include "check/compare.hpp"
#include "check/evaluate.hpp"
#include "check/profile.hpp"
#include "check/waive.hpp"
#include "config/baseline.hpp"
#include "jobs/readiness.hpp"
#include "tools/by_hand.hpp"
#include "tools/check_baseline.hpp"
#include "tools/check_catalogue.hpp"
#include "tools/check_formats.hpp"
#include "tools/command_files.hpp"
#include "tools/probing.hpp"
#include "tools/runs.hpp"

namespace pgtend::tools {
namespace {

struct check_arguments {
    check::choice which;
    std::string fail_on = "file";
    bool strict = false, list = false;
    std::string explain, profile, baseline, write_baseline;
    bool diff = false;
    microseconds timeout = seconds{10};
};

// Against the baseline that is given, or is written now; or what a job kept.
void compare(check_arguments const &a, model::check_policy const &policy, pg::session &session,
             pg::limits const &limit, check_result &result)
{
    auto const known_before = [&](std::string const &path, model::baseline const &before) {
        auto found = check::take_known(result.outcomes, result.waiving, before);
        result.against_baseline = true;
        result.compared_with = path;
        result.unchanged = found.unchanged.size();
        result.known = std::move(found.unchanged);
        result.gone = std::move(found.gone);
    };
    if (!a.write_baseline.empty()) {
        auto const now = check::baseline_of(result.outcomes, result.waiving);
        write_baseline(a.write_baseline, now);
        known_before(a.write_baseline, now);
    } else if (!a.baseline.empty()) {
        known_before(a.baseline, config::read_baseline(a.baseline));
    } else if (a.diff) {
        auto const last = ledger::ledger{session, limit}.last_check(a.profile);
        if (!last) {
            throw usage_error{
                "no job has kept what its check found" +
                    (a.profile.empty() ? "" : ", as profile " + in_quotes(a.profile) + " says"),
                "declare a job with `check: {}`, and let it run: pgtend job run NAME"};
        }
        model::baseline before;
        for (auto const &each : last->findings) {
            before.entries.push_back({{each.check, each.object, each.detail}, 1, each.severity});
        }
        auto found = check::mark_new(result.outcomes, result.waiving, before);
        auto const seen = check::chosen(check::judge_by(policy, a.profile, {}).which);
        for (auto const &one : result.outcomes) {
            if (std::find(seen.begin(), seen.end(), one.of) == seen.end()) {
                result.not_compared.insert(one.of->id);
            }
        }
        result.compared_with =
            last->job + ", " +
            to_rfc3339(std::chrono::floor<seconds>(last->taken.value_or(instant{})));
        result.unchanged = found.unchanged.size();
        result.gone = std::move(found.gone);
    }
}

// Returns whether the form has an exit code of its own.
bool print(context &c, check_result const &result, check::severity least, instant now)
{
    auto const &form = c.global.output;
    auto const file = c.has_configuration() ? c.configuration().file : std::string{};
    auto const located = file.empty() ? "pgtend.yaml" : file;
    if (form == "nagios") {
        c.outside.out << nagios_of(result);
        return true;
    }
    if (form == "junit") {
        c.outside.out << junit_of(result, least);
    } else if (form == "sarif") {
        c.outside.out << sarif_of(result, located);
    } else if (form == "github") {
        c.outside.out << github_of(result, file);
    } else if (form == "gitlab") {
        c.outside.out << gitlab_of(result, located);
    } else if (form == "prometheus") {
        c.outside.out << prometheus_of(result, now);
    } else {
        show(c, result);
    }
    return false;
}

exit_code judge(context &c, check_arguments const &a)
{
    auto const nothing = model::configuration{};
    auto const &file = c.has_configuration() ? c.configuration() : nothing;
    check::validate(file.checks);
    auto const judged = check::judge_by(file.checks, a.profile, a.which);
    auto rules = check::chosen(judged.which);

    auto const where = c.only_destination();
    auto control = c.open_control(where, false);
    pg::limits const limit{.timeout = a.timeout, .stop = c.outside.abort};
    auto const now = control.server.server_time;
    auto const mine = jobs_of(file, where.name);
    jobs::readiness_request const ask{.session = control.session,
                                      .file = c.has_configuration() ? &mine : nullptr,
                                      .now = now,
                                      .clock_skew = control.server.clock_skew,
                                      .search_path = search_path_of(c, {}),
                                      .transaction_pooler = control.transaction_pooler,
                                      .limit = limit};
    auto from = jobs::readiness_sources(ask);
    add_further(from, c, ask, c.outside.stop);
    check::drop_undeclared(rules, judged.which, from);
    if (rules.empty()) {
        throw usage_error{"no check is left to look at",
                          "less in --skip, or in skip: of the file and of the profile"};
    }
    check::evidence with{control.session, from, now, limit};
    check_result result{.target = where.name, .outcomes = {}, .waiving = {}, .objectives = {}};
    result.outcomes = check::evaluate(control.session, rules, judged.thresholds, with, limit);
    result.fetches = with.fetches();
    result.objectives = with.objectives_seen();
    result.waiving = check::waive(result.outcomes, file.checks, now);
    compare(a, file.checks, control.session, limit, result);

    auto const fail_on = a.fail_on == "file" ? judged.fail_on : a.fail_on;
    auto const least = fail_on == "warning" ? check::severity::warning : check::severity::error;
    if (print(c, result, least, now)) {
        return static_cast<exit_code>(nagios_code(result));
    }
    bool const failed = fail_on != "never" && result.worst() >= least;
    bool const blind = (a.strict || judged.strict) && result.count_skipped() > 0;
    return failed || blind ? exit_code::findings : exit_code::ok;
}

// A plugin has one exit code for everything that keeps it from an answer.
exit_code for_monitoring(context &c, check_arguments const &a)
{
    constexpr auto unknown = static_cast<exit_code>(3);
    try {
        return judge(c, a);
    } catch (interrupted const &) {
        throw;
    } catch (error const &e) {
        c.outside.out << nagios_of(e);
        return unknown;
    }
}

} // namespace

action declare_check(options &o)
{
    auto a = std::make_shared<check_arguments>();
    o.texts("--only", a->which.only, "ID", "only this check, or this area; may be repeated");
    o.texts("--skip", a->which.skip, "ID", "not this check, or area; may be repeated");
    o.choice("--fail-on", a->fail_on, {"file", "error", "warning", "never"},
             "exit with 3 for findings of this severity or worse; file: as it says under checks:, "
             "else error");
    o.flag("--strict", a->strict, "also when a check could not see what it looks at");
    o.duration("--timeout", a->timeout, "time limit of each query, 0s for none");
    o.flag("--list", a->list, "print the catalogue; needs no database");
    o.text("--explain", a->explain, "ID", "why a check matters and what to do; needs no database");
    o.excludes("--list", "--explain");
    o.text("--profile", a->profile, "NAME", "what checks: profiles: of the file says by this name");
    o.text("--baseline", a->baseline, "FILE",
           "findings that this file has are known, and do not fail; what is gone is told");
    o.text("--write-baseline", a->write_baseline, "FILE",
           "write what is found into this file, all of which is known from then on");
    o.flag("--diff", a->diff,
           "tell what is new and what is gone since a job of the kind check ran");
    o.excludes("--baseline", "--write-baseline");
    o.excludes("--baseline", "--diff");
    o.excludes("--write-baseline", "--diff");
    for (auto const *form :
         {"markdown", "junit", "sarif", "github", "gitlab", "prometheus", "nagios"}) {
        o.output(form);
    }
    o.example("-c kwenda.yaml check", "is this database ready: exit 3 when something is wrong");
    o.example("-d \"$DSN\" check --only vacuum --only index.invalid",
              "parts of it, without a file");
    o.example("-c kwenda.yaml -o json check --fail-on warning --strict", "the gate of a pipeline");
    o.example("-c kwenda.yaml -o junit check >readiness.xml",
              "as test results; also sarif, github, gitlab");
    o.example("-c kwenda.yaml -o nagios check",
              "one line, and the exit code of a monitoring plugin");
    o.example("-c kwenda.yaml check --write-baseline known.json",
              "take what there is for granted, once");
    o.example("-c kwenda.yaml check --baseline known.json", "from then on only what is new fails");
    o.example("-c kwenda.yaml check --profile production --diff",
              "the gate before production; what changed since the last check job");
    o.example("check --explain vacuum.horizon", "what one of them looks at");
    return [a](context &c) {
        auto const &form = c.global.output;
        if ((a->list || !a->explain.empty()) && form != "text" && form != "json" &&
            form != "markdown") {
            throw usage_error{"the catalogue is not printed as " + form,
                              "leave out -o " + form + ", or --list and --explain"};
        }
        if (!a->explain.empty()) {
            explain(c, *check::chosen({.only = {a->explain}, .skip = {}}).front());
            return exit_code::ok;
        }
        if (a->list) {
            list(c, check::chosen(a->which));
            return exit_code::ok;
        }
        return form == "nagios" ? for_monitoring(c, *a) : judge(c, *a);
    };
}

} // namespace pgtend::tools
