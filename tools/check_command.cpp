// SPDX-License-Identifier: Apache-2.0
// check.
#include <algorithm>
#include <fmt/format.h>
#include <memory>
#include <ostream>

#include "base/text.hpp"
#include "check/evaluate.hpp"
#include "check/waive.hpp"
#include "jobs/readiness.hpp"
#include "tools/by_hand.hpp"
#include "tools/check_formats.hpp"
#include "tools/command_files.hpp"
#include "tools/preflight_views.hpp"
#include "tools/runs.hpp"

namespace pgtend::tools {
namespace {

struct arguments {
    check::choice which;
    std::string fail_on = "file";
    bool strict = false, list = false;
    std::string explain;
    microseconds timeout = seconds{10};
};

exit_code judge(context &c, arguments const &a)
{
    auto const nothing = model::configuration{};
    auto const &file = c.has_configuration() ? c.configuration() : nothing;
    check::validate(file.checks);
    auto which = a.which;
    which.skip.insert(which.skip.end(), file.checks.skip.begin(), file.checks.skip.end());
    auto const rules = check::chosen(which);

    auto const where = c.only_destination();
    auto control = c.open_control(where, false);
    pg::limits const limit{.timeout = a.timeout, .stop = c.outside.abort};
    auto const mine = jobs_of(file, where.name);
    auto from = jobs::readiness_sources({.session = control.session,
                                         .file = c.has_configuration() ? &mine : nullptr,
                                         .now = control.server.server_time,
                                         .clock_skew = control.server.clock_skew,
                                         .search_path = search_path_of(c, {}),
                                         .limit = limit});
    if (c.has_configuration()) {
        from.jobs = [&] { return job_findings_of(preflight_of(c, where, control, limit)); };
    }
    check::evidence with{control.session, from, control.server.server_time, limit};
    check_result result{.target = where.name, .outcomes = {}, .waiving = {}};
    result.outcomes = check::evaluate(control.session, rules, file.checks.thresholds, with, limit);
    result.waiving = check::waive(result.outcomes, file.checks, control.server.server_time);

    auto const fail_on = a.fail_on == "file" ? file.checks.fail_on : a.fail_on;
    auto const least = fail_on == "warning" ? check::severity::warning : check::severity::error;
    auto const &form = c.global.output;
    if (form == "nagios") {
        c.outside.out << nagios_of(result);
        return static_cast<exit_code>(nagios_code(result));
    }
    if (form == "junit") {
        c.outside.out << junit_of(result, least);
    } else if (form == "sarif") {
        c.outside.out << sarif_of(result, file.file.empty() ? "pgtend.yaml" : file.file);
    } else if (form == "github") {
        c.outside.out << github_of(result, file.file);
    } else {
        show(c, result);
    }
    bool const failed = fail_on != "never" && result.worst() >= least;
    bool const blind = a.strict && result.count_skipped() > 0;
    return failed || blind ? exit_code::findings : exit_code::ok;
}

// A plugin has one exit code for everything that keeps it from an answer.
exit_code for_monitoring(context &c, arguments const &a)
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
    auto a = std::make_shared<arguments>();
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
    for (auto const *form : {"markdown", "junit", "sarif", "github", "nagios"}) {
        o.output(form);
    }
    o.example("-c kwenda.yaml check", "is this database ready: exit 3 when something is wrong");
    o.example("-d \"$DSN\" check --only vacuum --only index.invalid",
              "parts of it, without a file");
    o.example("-c kwenda.yaml -o json check --fail-on warning --strict", "the gate of a pipeline");
    o.example("-c kwenda.yaml -o junit check >readiness.xml",
              "as test results; also sarif, github");
    o.example("-c kwenda.yaml -o nagios check",
              "one line, and the exit code of a monitoring plugin");
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
