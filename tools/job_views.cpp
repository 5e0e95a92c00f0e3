// SPDX-License-Identifier: Apache-2.0
// job list, show, history: what is and was.
#include <map>
#include <memory>

#include "base/duration.hpp"
#include "base/text.hpp"
#include "jobs/breaker.hpp"
#include "jobs/due.hpp"
#include "jobs/kinds.hpp"
#include "tools/command_files.hpp"
#include "tools/runs.hpp"
#include "zone/zone.hpp"

namespace pgtend::tools {
namespace {

using report::align;

// What one knows of the jobs of the file on one target.
struct status_of_jobs {
    model::configuration jobs;
    ledger::overview seen;
    std::map<std::string, ledger::history_row> last;
};

status_of_jobs survey(context &c, context::destination const &where)
{
    status_of_jobs out;
    out.jobs = jobs_of(c.configuration(), where.name);
    auto control = c.open_control(where, false);
    ledger::ledger book{control.session};
    std::vector<std::string> names;
    for (auto const &job : out.jobs.jobs) {
        names.push_back(job.name);
    }
    out.seen = book.read(names);
    auto const back = jobs::to_look_back(out.jobs, out.seen, out.seen.server_time);
    if (!back.empty()) {
        jobs::look_back(out.seen, book.newest_runs(back));
    }
    for (auto &row : book.last_runs(names)) {
        auto const name = row.job;
        out.last.emplace(name, std::move(row));
    }
    return out;
}

// Of its breaker: "closed", "open", "half_open" or "off".
std::string breaker_word(model::job const &job, jobs::breaker const &breaker)
{
    return std::string{job.policy.breaker.on ? jobs::name(breaker.state) : "off"};
}

// That no session for the work of jobs can be had; headings are empty while they can.
std::vector<report::field> session_fields(ledger::overview const &seen)
{
    auto const breaker = jobs::breaker_of(seen);
    bool const lacking = seen.connect_failures > 0;
    return {{"connect_failures",
             lacking ? "without sessions for work, times" : "",
             {static_cast<long long>(seen.connect_failures)}},
            {"connect_breaker",
             lacking ? "breaker of the target" : "",
             {std::string{jobs::name(breaker.state)}}},
            {"connect_breaker_until", breaker.until ? "until" : "", time_cell(breaker.until)}};
}

// "due since 3 min", "running on host/1/ab", "paused" or empty.
report::cell state_cell(model::job const &job, ledger::job_state const &state,
                        ledger::overview const &seen, jobs::decision const &choice)
{
    if (!job.enabled) {
        return {"disabled", report::tone::dim};
    }
    if (seen.all_paused || state.paused) {
        return {"paused", report::tone::warn};
    }
    if (!state.holder.empty() && state.lease_until && *state.lease_until > seen.server_time) {
        return {"running"};
    }
    if (auto const breaker = jobs::breaker_of(job, state, seen.server_time); breaker.until) {
        return {"open", report::tone::bad, "breaker open until " + to_rfc3339(*breaker.until)};
    }
    if (choice.claim) {
        return {"due", report::tone::warn,
                "due since " + humanize(seen.server_time - *choice.claim)};
    }
    return state.known ? report::cell{"waiting"} : report::cell{"new", report::tone::dim};
}

exit_code list(context &c)
{
    auto const where = c.only_destination();
    auto const known = survey(c, where);
    report::document out;
    out.schema = "pgtend/job-list/1";
    out.fields.push_back({"target", "", {where.name}});
    out.fields.push_back({"server_time", "", {known.seen.server_time}});
    for (auto &field : session_fields(known.seen)) {
        out.fields.push_back(std::move(field));
    }
    report::table table{.key = "jobs",
                        .columns = {{"job", "job"},
                                    {"kind", "kind"},
                                    {"schedule", "schedule"},
                                    {"timezone", "zone", align::left, true},
                                    {"next", "next"},
                                    {"state", "state"},
                                    {"breaker", ""},
                                    {"breaker_until", ""},
                                    {"failures", "failed", align::right, true},
                                    {"last_status", "last run"},
                                    {"last_finished", "finished"},
                                    {"last_rows", "rows", align::right},
                                    {"last_error", "error", align::left, true}},
                        .rows = {},
                        .when_empty = "the file declares no jobs"};
    for (std::size_t i = 0; i < known.jobs.jobs.size(); ++i) {
        auto const &job = known.jobs.jobs[i];
        auto const in = zone::load(job.time_zone);
        auto const choice = jobs::decide(job, known.seen.jobs[i], known.seen.all_paused, in,
                                         {known.seen.server_time, known.seen.server_time});
        auto const breaker = jobs::breaker_of(job, known.seen.jobs[i], known.seen.server_time);
        auto const found = known.last.find(job.name);
        auto const *last = found == known.last.end() ? nullptr : &found->second;
        auto const next =
            job.enabled ? jobs::next_due(job, in, known.seen.server_time) : std::nullopt;
        table.rows.push_back(
            {{job.name},
             {std::string{model::kind(job.action)}},
             {job.schedule_text},
             {job.time_zone},
             next ? report::cell{*next, report::tone::plain, in.format(*next)} : report::cell{},
             state_cell(job, known.seen.jobs[i], known.seen, choice),
             {breaker_word(job, breaker)},
             time_cell(breaker.until),
             known.seen.jobs[i].failures > 0
                 ? report::cell{static_cast<long long>(known.seen.jobs[i].failures)}
                 : report::cell{0LL, report::tone::plain, " "},
             last != nullptr ? status_cell(last->status) : report::cell{},
             last != nullptr ? time_cell(last->finished) : report::cell{},
             last != nullptr ? report::cell{last->rows} : report::cell{},
             last != nullptr && !last->error.empty()
                 ? report::cell{last->error, report::tone::plain,
                                last->error.substr(0, last->error.find('\n'))}
                 : report::cell{std::monostate{}, report::tone::plain, " "}});
    }
    out.tables.push_back(std::move(table));
    c.print(out);
    return exit_code::ok;
}

void append_history(report::document &out, std::vector<ledger::history_row> const &rows)
{
    report::table table{.key = "runs",
                        .columns = {{"run", "run", align::right},
                                    {"job", "job"},
                                    {"slot", "slot"},
                                    {"attempt", "try", align::right},
                                    {"status", "status"},
                                    {"started", "started"},
                                    {"finished", ""},
                                    {"elapsed", "took", align::right},
                                    {"lateness", "late", align::right},
                                    {"rows", "rows", align::right},
                                    {"error", "error", align::left, true},
                                    {"sqlstate", ""},
                                    {"hint", ""},
                                    {"output", ""},
                                    {"holder", ""}},
                        .rows = {},
                        .when_empty = "no runs"};
    auto const optional = [](std::string const &text) {
        return text.empty() ? report::cell{} : report::cell{text};
    };
    for (auto const &row : rows) {
        table.rows.push_back(
            {{row.run},
             {row.job},
             row.slot ? report::cell{*row.slot}
                      : report::cell{std::monostate{}, report::tone::dim, "by hand"},
             {static_cast<long long>(row.attempt)},
             status_cell(row.status),
             {row.started},
             time_cell(row.finished),
             row.finished ? report::cell{microseconds{*row.finished - row.started}}
                          : report::cell{},
             row.slot ? report::cell{microseconds{row.started - *row.slot}} : report::cell{},
             {row.rows},
             row.error.empty() ? report::cell{std::monostate{}, report::tone::plain, " "}
                               : report::cell{row.error, report::tone::plain,
                                              row.error.substr(0, row.error.find('\n'))},
             optional(row.sqlstate),
             optional(row.hint),
             optional(row.output),
             {row.holder}});
    }
    out.tables.push_back(std::move(table));
}

exit_code show(context &c, std::string const &name)
{
    auto const where = c.only_destination();
    auto const known = survey(c, where);
    auto const &job = known.jobs.find_job(name);
    auto const at = static_cast<std::size_t>(&job - known.jobs.jobs.data());
    auto const &state = known.seen.jobs.at(at);
    auto const in = zone::load(job.time_zone);
    auto const now = known.seen.server_time;
    auto const choice = jobs::decide(job, state, known.seen.all_paused, in, {now, now});
    auto const next = job.enabled ? jobs::next_due(job, in, now) : std::nullopt;
    auto const limit = model::time_limit(job.policy);
    auto const breaker = jobs::breaker_of(job, state, now);

    report::document out;
    out.schema = "pgtend/job-show/1";
    out.fields = {
        {"job", "job", {job.name}},
        {"kind", "kind", {std::string{model::kind(job.action)}}},
        {"declared_at", "declared at", {to_string(job.at)}},
        {"schedule", "schedule", {job.schedule_text}},
        {"means", "means", {job.schedule.describe()}},
        {"timezone", "time zone", {job.time_zone}},
        {"next", "next",
         next ? report::cell{*next, report::tone::plain, in.format(*next)} : report::cell{}},
        {"state", "state", state_cell(job, state, known.seen, choice)},
        {"reason", choice.reason.empty() ? "" : "because", {choice.reason}},
        {"holder", state.holder.empty() ? "" : "held by", {state.holder}},
        {"watermark", "done up to", time_cell(state.last_slot)},
        {"open_slot", state.open_slot ? "left undone" : "", time_cell(state.open_slot)},
        {"failures",
         state.failures > 0 ? "failed in a row" : "",
         {static_cast<long long>(state.failures)}},
        {"breaker", "breaker", {breaker_word(job, breaker)}},
        {"breaker_until", breaker.until ? "until" : "", time_cell(breaker.until)},
        {"missed", "when missed", {std::string{model::name(job.policy.missed)}}},
        {"overlap", "when still running", {std::string{model::name(job.policy.overlap)}}},
        {"timeout", job.policy.window ? "window" : "timeout", {limit}}};
    for (auto &field : session_fields(known.seen)) {
        out.fields.push_back(std::move(field));
    }
    auto control = c.open_control(where, false);
    append_history(out, ledger::ledger{control.session}.history({.job = job.name, .limit = 5}));
    c.print(out);
    return exit_code::ok;
}

exit_code history(context &c, ledger::history_filter const &filter)
{
    auto const where = c.only_destination();
    auto control = c.open_control(where, false);
    report::document out;
    out.schema = "pgtend/job-history/1";
    append_history(out, ledger::ledger{control.session}.history(filter));
    c.print(out);
    return exit_code::ok;
}

} // namespace

action declare_job_list(options &o)
{
    o.example("-c kwenda.yaml job list", "when each job runs next and how it went last");
    return list;
}

action declare_job_show(options &o)
{
    auto name = std::make_shared<std::string>();
    o.positional("job", *name, "name of the job");
    o.example("-c kwenda.yaml job show refresh-dashboard",
              "its schedule in words, its state, its last runs");
    return [name](context &c) { return show(c, *name); };
}

action declare_job_history(options &o)
{
    struct arguments {
        std::string job, status;
        std::optional<std::string> since;
        long long limit = 20;
    };
    auto a = std::make_shared<arguments>();
    o.positional("job", a->job, "only this job", false);
    o.choice("--status", a->status,
             {"running", "succeeded", "failed", "skipped", "lost", "interrupted", "timed_out"},
             "only runs that ended so");
    o.text("--since", a->since, "TIME",
           "only runs that started after it: RFC 3339, or a duration back from now");
    o.number("-n,--limit", a->limit, "N", "at most so many, the newest first", 1, 100'000);
    o.example("-c kwenda.yaml job history cleanup-driver-locations",
              "when did it last run, and what did it delete");
    o.example("-c kwenda.yaml job history --status failed --since 24h",
              "what failed since yesterday");
    return [a](context &c) {
        ledger::history_filter filter{.job = a->job, .limit = static_cast<int>(a->limit)};
        if (!a->status.empty()) {
            filter.status = ledger::parse_run_status(a->status);
        }
        if (a->since) {
            filter.since = checked([&] {
                return a->since->find('-') == std::string::npos
                           ? c.outside.time.now() - parse_duration(*a->since)
                           : parse_rfc3339(*a->since);
            });
        }
        return history(c, filter);
    };
}

} // namespace pgtend::tools
