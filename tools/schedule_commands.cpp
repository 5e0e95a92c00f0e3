// SPDX-License-Identifier: Apache-2.0
// schedule next and schedule check.
#include <algorithm>
#include <fstream>
#include <iostream>
#include <memory>
#include <ostream>

#include "base/duration.hpp"
#include "base/text.hpp"
#include "cron/batch.hpp"
#include "cron/expression.hpp"
#include "jobs/due.hpp"
#include "tools/command_files.hpp"
#include "tools/preflight_views.hpp"

namespace pgtend::tools {
namespace {

struct next_arguments {
    std::string expression, zone, from, batch, day_match = "vixie";
    long long count = 5;
};

cron::day_match rule_of(std::string const &text)
{
    return text == "all"   ? cron::day_match::all
           : text == "any" ? cron::day_match::any
                           : cron::day_match::vixie;
}

// A stream: one answer a line, as the lines come.
exit_code answer_batch(context &c, std::string const &file)
{
    std::ifstream opened;
    std::istream *in = &std::cin;
    if (file != "-") {
        opened.open(file);
        if (!opened) {
            throw usage_error{"cannot read " + file, "name a file, or - for standard input"};
        }
        in = &opened;
    }
    std::string answer;
    for (std::string line; std::getline(*in, line);) {
        answer.clear();
        cron::answer_line(line, answer);
        c.outside.out << answer << '\n';
        if (file == "-" && in->rdbuf()->in_avail() <= 0) {
            c.outside.out.flush();
        }
    }
    return exit_code::ok;
}

exit_code next(context &c, next_arguments const &a)
{
    if (!a.batch.empty()) {
        return answer_batch(c, a.batch);
    }
    if (a.expression.empty()) {
        throw usage_error{"no expression given", "for example: pgtend schedule next '*/5 * * * *'"};
    }
    auto const expression = cron::expression::parse(a.expression, rule_of(a.day_match));
    auto const name = !a.zone.empty()         ? a.zone
                      : c.has_configuration() ? c.configuration().time_zone
                                              : "UTC";
    auto const in = zone::load(name);
    auto at =
        a.from.empty() ? c.outside.time.now() : checked([&] { return parse_rfc3339(a.from); });

    report::document out;
    out.schema = "pgtend/schedule-next/1";
    out.fields = {{"expression", "expression", {expression.text()}},
                  {"means", "means", {expression.describe()}},
                  {"timezone", "time zone", {in.name()}}};
    report::table times{.key = "instants",
                        .columns = {{"at", "UTC"}, {"local", "local"}},
                        .rows = {},
                        .when_empty = "nothing within 400 years"};
    for (long long i = 0; i < a.count; ++i) {
        auto const slot = expression.next(at, in);
        if (!slot) {
            break;
        }
        at = *slot;
        times.rows.push_back({{at}, {in.format(at)}});
    }
    out.tables.push_back(std::move(times));
    for (auto const &lint : expression.lints(in, c.outside.time.now())) {
        out.notes.push_back("note: " + lint.message +
                            (lint.hint.empty() ? "" : " (HINT: " + lint.hint + ")"));
    }
    c.print(out);
    return exit_code::ok;
}

// With a database: -t, -d, or a host and the like.
bool asks_a_database(global_options const &global)
{
    return !global.target.empty() || global.conninfo || !global.host.empty() ||
           !global.port.empty() || !global.user.empty();
}

std::vector<looked_at> look_at_jobs(context &c, microseconds timeout)
{
    std::vector<looked_at> out;
    for (auto const &where : c.destinations()) {
        auto control = c.open_control(where, false);
        out.push_back({where.name, preflight_of(c, where, control,
                                                {.timeout = timeout, .stop = c.outside.abort})});
    }
    return out;
}

exit_code schedule_check(context &c, microseconds timeout)
{
    auto const &file = c.configuration();
    auto const now = c.outside.time.now();
    report::document out;
    out.schema = "pgtend/schedule-check/1";
    out.fields.push_back({"file", "", {file.file}});
    report::table jobs{.key = "jobs",
                       .columns = {{"job", "job"},
                                   {"schedule", "schedule"},
                                   {"means", "means"},
                                   {"timezone", "zone", report::align::left, true},
                                   {"next", "next"}},
                       .rows = {},
                       .when_empty = "the file declares no jobs",
                       .spare = {"timezone", "means"}};
    report::table lints{
        .key = "lints",
        .columns = {{"job", ""}, {"at", ""}, {"lint", ""}, {"message", ""}, {"hint", ""}},
        .rows = {}};
    for (auto const &job : file.jobs) {
        auto const in = zone::load(job.time_zone);
        auto const next = jobs::next_due(job, in, now);
        jobs.rows.push_back(
            {{job.name},
             {job.schedule_text},
             {job.schedule.describe()},
             {job.time_zone},
             next ? report::cell{*next, report::tone::plain, in.format(*next)} : report::cell{}});
        for (auto const &lint : job.schedule.lints(in, now)) {
            lints.rows.push_back(
                {{job.name}, {to_string(job.at)}, {lint.id}, {lint.message}, {lint.hint}});
            out.notes.push_back(to_string(job.at) + ": " + job.name + ": " + lint.message +
                                (lint.hint.empty() ? "" : " (HINT: " + lint.hint + ")"));
        }
    }
    out.heading = file.file + ": " + std::to_string(file.jobs.size()) + " jobs, " +
                  std::to_string(file.partitions.size()) + " partitioned tables, " +
                  std::to_string(lints.rows.size()) + (lints.rows.size() == 1 ? " note" : " notes");
    bool const any = !lints.rows.empty();
    out.tables.push_back(std::move(jobs));
    if (c.global.output == "json") {
        out.notes.clear();
        out.tables.push_back(std::move(lints));
    }
    bool const failed =
        asks_a_database(c.global) && add(out, look_at_jobs(c, timeout), c.global.output == "json");
    c.print(out);
    return any || failed ? exit_code::findings : exit_code::ok;
}

} // namespace

action declare_schedule_next(options &o)
{
    auto a = std::make_shared<next_arguments>();
    o.positional("expression", a->expression,
                 "a schedule: five or six fields, @daily, @every 90m ...", false);
    o.text("--zone", a->zone, "ZONE", "time zone, an IANA name (default: the file's, else UTC)");
    o.text("--from", a->from, "TIME", "the first instant after this one (RFC 3339, default: now)");
    o.number("-n,--count", a->count, "N", "how many", 1, 1000);
    o.choice("--day-match", a->day_match, {"vixie", "all", "any"},
             "how day of month and day of week work together");
    o.text(
        "--batch", a->batch, "FILE",
        "answer each line 'expression TAB zone TAB from [TAB n]' of a file, - for standard input");
    o.excludes("--batch", "--zone");
    o.excludes("--batch", "--from");
    o.excludes("--batch", "--count");
    o.excludes("--batch", "--day-match");
    o.example("schedule next '30 2 * * *' --zone Europe/Berlin --from 2026-03-28T12:00:00Z -n 3",
              "what happens when the clocks change");
    return [a](context &c) { return next(c, *a); };
}

action declare_schedule_check(options &o)
{
    auto timeout = std::make_shared<microseconds>(seconds{10});
    o.duration("--timeout", *timeout, "with a database: time limit of each question, 0s for none");
    o.example("-c kwenda.yaml schedule check",
              "exits 2 when the file is wrong, 3 when something looks wrong");
    o.example("-c kwenda.yaml -t kwenda schedule check",
              "asks that database whether each job can work, runs none: exit 3 when one cannot");
    return [timeout](context &c) { return schedule_check(c, *timeout); };
}

} // namespace pgtend::tools
