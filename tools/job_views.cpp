// SPDX-License-Identifier: Apache-2.0
// job list, and what the views of jobs share.
#include "tools/job_views.hpp"

#include <map>

#include "base/duration.hpp"
#include "tools/command_files.hpp"
#include "zone/zone.hpp"

namespace pgtend::tools {

using report::align;

status_of_jobs survey(context &c, context::destination const &where, ledger::ledger &book)
{
    status_of_jobs out;
    out.jobs = jobs_of(c.configuration(), where.name);
    std::vector<std::string> names;
    for (auto const &job : out.jobs.jobs) {
        names.push_back(job.name);
    }
    out.seen = book.read(names);
    auto const back = jobs::to_look_back(out.jobs, out.seen, out.seen.server_time);
    if (!back.empty()) {
        jobs::look_back(out.seen, book.newest_runs(back));
    }
    return out;
}

std::string breaker_word(model::job const &job, jobs::breaker const &breaker)
{
    return std::string{job.policy.breaker.on ? jobs::name(breaker.state) : "off"};
}

std::vector<report::field> session_fields(ledger::overview const &seen)
{
    auto const breaker = jobs::breaker_of(seen);
    bool const lacking = seen.connect_failures > 0;
    return {
        {"connect_failures",
         lacking ? "without sessions for work, times" : "",
         {static_cast<long long>(seen.connect_failures)}},
        {"connect_breaker",
         lacking ? "breaker of the target" : "",
         {std::string{jobs::name(breaker.state)}}},
        {"connect_breaker_until", breaker.until ? "until" : "", report::or_null(breaker.until)}};
}

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

report::cell error_cell(std::string const &error)
{
    return error.empty()
               ? report::cell{std::monostate{}, report::tone::plain, " "}
               : report::cell{error, report::tone::plain, error.substr(0, error.find('\n'))};
}

report::table history_table(std::vector<ledger::history_row> const &rows)
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
                        .when_empty = "no runs",
                        .spare = {"attempt", "slot", "run", "lateness", "rows"}};
    for (auto const &row : rows) {
        table.rows.push_back(
            {{row.run},
             {row.job},
             row.slot ? report::cell{*row.slot}
                      : report::cell{std::monostate{}, report::tone::dim, "by hand"},
             {static_cast<long long>(row.attempt)},
             status_cell(row.status),
             {row.started},
             report::or_null(row.finished),
             row.finished ? report::cell{microseconds{*row.finished - row.started}}
                          : report::cell{},
             row.slot ? report::cell{microseconds{row.started - *row.slot}} : report::cell{},
             {row.rows},
             error_cell(row.error),
             report::or_null(row.sqlstate),
             report::or_null(row.hint),
             report::or_null(row.output),
             {row.holder}});
    }
    return table;
}

namespace {

exit_code job_list(context &c)
{
    auto const where = c.only_destination();
    auto control = c.open_control(where, false);
    ledger::ledger book{control.session};
    auto const known = survey(c, where, book);
    std::vector<std::string> names;
    for (auto const &job : known.jobs.jobs) {
        names.push_back(job.name);
    }
    std::map<std::string, ledger::history_row> last_runs;
    for (auto &row : book.last_runs(names)) {
        auto const name = row.job;
        last_runs.emplace(name, std::move(row));
    }
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
                        .when_empty = "the file declares no jobs",
                        .spare = {"timezone", "last_rows", "kind", "last_finished", "schedule",
                                  "failures", "last_error"}};
    for (std::size_t i = 0; i < known.jobs.jobs.size(); ++i) {
        auto const &job = known.jobs.jobs[i];
        auto const in = zone::load(job.time_zone);
        auto const choice = jobs::decide(job, known.seen.jobs[i], known.seen.all_paused, in,
                                         {known.seen.server_time, known.seen.server_time});
        auto const breaker = jobs::breaker_of(job, known.seen.jobs[i], known.seen.server_time);
        auto const found = last_runs.find(job.name);
        auto const *last = found == last_runs.end() ? nullptr : &found->second;
        auto const next =
            job.enabled ? jobs::next_due(job, in, known.seen.server_time) : std::nullopt;
        table.rows.push_back(
            {{job.name},
             {std::string{model::kind(job.action)}},
             {job.schedule_text},
             {job.time_zone},
             wall_cell(next, in),
             state_cell(job, known.seen.jobs[i], known.seen, choice),
             {breaker_word(job, breaker)},
             report::or_null(breaker.until),
             known.seen.jobs[i].failures > 0
                 ? report::cell{static_cast<long long>(known.seen.jobs[i].failures)}
                 : report::cell{0LL, report::tone::plain, " "},
             last != nullptr ? status_cell(last->status) : report::cell{},
             last != nullptr ? report::or_null(last->finished) : report::cell{},
             last != nullptr ? report::cell{last->rows} : report::cell{},
             error_cell(last != nullptr ? last->error : "")});
    }
    out.tables.push_back(std::move(table));
    c.print(out);
    return exit_code::ok;
}

} // namespace

action declare_job_list(options &o)
{
    o.example("-c kwenda.yaml job list", "when each job runs next and how it went last");
    return job_list;
}

} // namespace pgtend::tools
