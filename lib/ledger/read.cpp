// SPDX-License-Identifier: Apache-2.0
// What is read from the ledger: the overview and the history.
#include <fmt/core.h>

#include "base/text.hpp"
#include "ledger/call.hpp"
#include "ledger/ledger.hpp"
#include "sql/queries.hpp"

namespace pgtend::ledger {
namespace {

std::optional<run_status> status_of(rows const &from, std::size_t row, std::size_t column)
{
    auto const &cell = from.at(row, column);
    return cell ? std::optional{parse_run_status(*cell)} : std::nullopt;
}

std::optional<instant> instant_of(param const &cell)
{
    return cell ? std::optional{instant{microseconds{std::stoll(*cell)}}} : std::nullopt;
}

// Where EXECUTE on pg_control_system was taken from the role, the database's oid alone tells a
// copy.
rows read_overview(pg::session &s, std::vector<param> const &parameters, pg::limits const &limit)
{
    try {
        return call(s, sql::ledger_read, parameters, limit);
    } catch (usage_error const &e) {
        if (e.message().find("pg_control_system") == std::string::npos) {
            throw;
        }
    }
    return call(s,
                replace_all(std::string{sql::ledger_read}, "FROM pg_catalog.pg_control_system() c",
                            "FROM (VALUES (NULL)) c(system_identifier)"),
                parameters, limit);
}

// The elements of the first column of its first row.
enum fact : std::size_t {
    version,
    test_clock,
    all_paused,
    all_paused_because,
    noted_system_identifier,
    system_identifier,
    noted_database_oid,
    database_oid,
    server_time,
    evaluated_at,
    dead_leases,
    other_configurations,
    fact_count,
};

void require_own_database(std::vector<param> const &about)
{
    auto const &noted_system = about[noted_system_identifier], &system = about[system_identifier];
    auto const &noted_database = about[noted_database_oid], &database = about[database_oid];
    bool const other_system = noted_system && system && *noted_system != *system;
    bool const other_database = noted_database && database && *noted_database != *database;
    if (!other_system && !other_database) {
        return;
    }
    throw usage_error{
        fmt::format("this database is a copy: its ledger belongs to {}",
                    other_system ? fmt::format("the server with system identifier {}, this is {}",
                                               *noted_system, *system)
                                 : fmt::format("the database with oid {}, this is {}",
                                               *noted_database, *database)),
        "If its jobs shall run here, run `pgtend init --adopt` once."};
}

// The columns of ledger_read.sql.
enum column : std::size_t {
    facts,
    known,
    last_slot,
    open_slot,
    counts_from,
    schedule,
    time_zone,
    holder,
    lease_until,
    paused,
    paused_because,
    open_attempts,
    open_begun,
    open_status,
    last_status,
    finished_at,
};

job_state read_job(rows const &from, std::size_t row)
{
    job_state job;
    job.known = from.flag(row, known);
    job.last_slot = instant_of(from.at(row, last_slot));
    job.open_slot = instant_of(from.at(row, open_slot));
    job.evaluated_at = instant_of(from.at(row, counts_from));
    job.schedule = from.text(row, schedule);
    job.time_zone = from.text(row, time_zone);
    job.holder = from.text(row, holder);
    job.lease_until = instant_of(from.at(row, lease_until));
    job.paused = from.flag(row, paused);
    job.paused_because = from.text(row, paused_because);
    job.open_attempts = static_cast<int>(from.integer(row, open_attempts));
    job.open_begun = from.flag(row, open_begun);
    job.open_status = status_of(from, row, open_status);
    job.last_status = status_of(from, row, last_status);
    job.finished_at = instant_of(from.at(row, finished_at));
    return job;
}

} // namespace

overview ledger::read(std::span<std::string const> jobs, runner_identity const &who)
{
    auto const found = read_overview(
        control_,
        {array_literal({jobs.begin(), jobs.end()}), who.host, who.config_file, who.config_hash},
        limit_);
    if (found.empty() || !found.at(0, facts)) {
        throw_no_ledger(); // the schema is there, its one row is not
    }
    auto const about = parse_array(*found.at(0, facts));
    if (about.size() != fact_count) {
        throw error{"the ledger's first row is not as expected"};
    }
    overview out;
    out.schema_version = std::stoi(about[version].value_or("0"));
    require_version(out.schema_version);
    require_own_database(about);
    out.test_clock = about[test_clock] == "true";
    out.all_paused = about[all_paused] == "true";
    out.all_paused_because = about[all_paused_because].value_or("");
    out.server_time = instant_of(about[server_time]).value_or(instant{});
    out.evaluated_at = instant_of(about[evaluated_at]);
    out.dead_leases = std::stoi(about[dead_leases].value_or("0"));
    for (auto const &other : parse_array(about[other_configurations].value_or("{}"))) {
        out.other_configurations.push_back(other.value_or(""));
    }
    out.jobs.reserve(jobs.size());
    for (std::size_t i = 0; i < jobs.size(); ++i) {
        auto job = read_job(found, i + 1);
        job.job = jobs[i];
        if (job.known) {
            job.evaluated_at = std::max(job.evaluated_at, out.evaluated_at);
        }
        out.jobs.push_back(std::move(job));
    }
    return out;
}

namespace {

std::vector<history_row> to_history(rows const &found)
{
    std::vector<history_row> out;
    for (std::size_t i = 0; i < found.size(); ++i) {
        history_row row;
        row.run = found.integer(i, "id");
        row.job = found.text(i, "job");
        row.slot = to_instant(found, i, "slot");
        row.attempt = static_cast<int>(found.integer(i, "attempt"));
        row.status = parse_run_status(found.text(i, "status"));
        row.started = to_instant(found, i, "started").value_or(instant{});
        row.finished = to_instant(found, i, "finished");
        row.rows = found.integer(i, "rows");
        row.holder = found.text(i, "holder");
        row.error = found.text(i, "error");
        row.sqlstate = found.text(i, "sqlstate");
        row.hint = found.text(i, "hint");
        row.output = found.text(i, "output");
        out.push_back(std::move(row));
    }
    return out;
}

} // namespace

std::vector<history_row> ledger::history(history_filter const &filter)
{
    return to_history(ask(sql::ledger_history,
                          {filter.job.empty() ? param{} : param{filter.job},
                           filter.status ? param{std::string{name(*filter.status)}} : param{},
                           to_param(filter.since), std::to_string(filter.limit)}));
}

std::vector<history_row> ledger::last_runs(std::span<std::string const> jobs)
{
    return to_history(ask(sql::ledger_last_runs, {array_literal({jobs.begin(), jobs.end()})}));
}

} // namespace pgtend::ledger
