// SPDX-License-Identifier: Apache-2.0
// What is read from the ledger: the overview and the history.
#include <algorithm>
#include <fmt/core.h>
#include <tuple>
#include <unordered_map>

#include "base/text.hpp"
#include "ledger/call.hpp"
#include "ledger/ledger.hpp"
#include "pg/probe.hpp"
#include "sql/queries.hpp"

namespace pgtend::ledger {
namespace {

std::optional<run_status> status_of(rows const &from, std::size_t row, std::size_t column)
{
    auto const &cell = from.at(row, column);
    return cell ? std::optional{parse_run_status(*cell)} : std::nullopt;
}

// Where EXECUTE on pg_control_system was taken from the role, the database's oid alone tells a
// copy.
rows read_all(pg::session &s, pg::limits const &limit)
{
    try {
        return call(s, sql::ledger_read, {}, limit);
    } catch (usage_error const &e) {
        if (e.message().find("pg_control_system") == std::string::npos) {
            throw;
        }
    }
    return call(s,
                replace_all(std::string{sql::ledger_read},
                            "(pg_catalog.pg_control_system()).system_identifier", "NULL"),
                {}, limit);
}

// The columns of ledger_read.sql.
enum column : std::size_t {
    kind,
    row_name,
    text_1,
    text_2,
    text_3,
    text_4,
    text_5,
    text_6,
    instant_1,
    instant_2,
    instant_3,
    instant_4,
    instant_5,
    flag_1,
    flag_2,
    number,
};

// "1767229200.123456": digits, a point, six digits, as EXTRACT gives it (14 and later).
std::optional<instant> instant_of(param const &cell)
{
    if (!cell) {
        return std::nullopt;
    }
    auto const point = cell->find('.');
    auto const whole = std::stoll(cell->substr(0, point));
    auto fraction = point == std::string::npos ? std::string{} : cell->substr(point + 1);
    fraction.resize(6, '0');
    auto const part = std::stoll(fraction);
    return instant{seconds{whole}} + microseconds{cell->front() == '-' ? -part : part};
}

void require_own_database(rows const &from, std::size_t row)
{
    auto const &noted_system = from.at(row, row_name), &system = from.at(row, text_1);
    auto const &noted_database = from.at(row, text_2);
    auto const database = pg::database_of(from.text(row, text_3));
    bool const other_system = noted_system && system && *noted_system != *system;
    bool const other_database = noted_database && *noted_database != database;
    if (!other_system && !other_database) {
        return;
    }
    throw usage_error{
        fmt::format("this database is a copy: its ledger belongs to {}",
                    other_system ? fmt::format("the server with system identifier {}, this is {}",
                                               *noted_system, *system)
                                 : fmt::format("the database with oid {}, this is {}",
                                               *noted_database, database)),
        "If its jobs shall run here, run `pgtend init --adopt` once."};
}

job_state read_job(rows const &from, std::size_t row, instant now)
{
    job_state job;
    job.job = from.text(row, row_name);
    job.schedule = from.text(row, text_1);
    job.time_zone = from.text(row, text_2);
    job.holder = from.text(row, text_3);
    job.paused_because = from.text(row, text_4);
    job.open_status = status_of(from, row, text_5);
    job.last_status = status_of(from, row, text_6);
    auto const last_slot = instant_of(from.at(row, instant_1));
    auto const counts_from = instant_of(from.at(row, instant_3));
    job.known = counts_from.has_value();
    job.last_slot = std::max(last_slot, counts_from);
    job.open_slot = instant_of(from.at(row, instant_2));
    job.evaluated_at = counts_from;
    job.lease_until = instant_of(from.at(row, instant_4));
    job.finished_at = instant_of(from.at(row, instant_5));
    job.paused = from.flag(row, flag_1);
    job.open_begun = from.flag(row, flag_2);
    job.open_attempts = static_cast<int>(from.integer(row, number));
    if (job.open_status == run_status::running && job.lease_until && *job.lease_until < now) {
        job.open_status = run_status::lost; // nobody has said so yet
    }
    return job;
}

// Until when the asking file was evaluated: on this host, else the same content elsewhere, else by
// whoever came last.
class evaluations {
  public:
    explicit evaluations(runner_identity const &who) : who_{who} {}

    void take(rows const &from, std::size_t row, overview &out)
    {
        auto const host = from.text(row, row_name), file = from.text(row, text_1),
                   hash = from.text(row, text_2);
        bool const own = host == who_.host && file == who_.config_file;
        bool const same = hash == who_.config_hash;
        if (auto const at = instant_of(from.at(row, instant_2))) {
            auto const rank = std::tuple{own, same, *at};
            if (rank > best_) {
                best_ = rank;
                out.evaluated_at = at;
            }
        }
        constexpr std::chrono::minutes lately{10};
        auto const heartbeat = instant_of(from.at(row, instant_1));
        if (!who_.config_hash.empty() && !own && !same && heartbeat &&
            *heartbeat > out.server_time - lately) {
            out.other_configurations.push_back(fmt::format("{} ({})", host, file));
        }
    }

  private:
    runner_identity const &who_;
    std::tuple<bool, bool, instant> best_ = {false, false, instant::min()};
};

} // namespace

std::string_view ledger::reading()
{
    return sql::ledger_read;
}

overview ledger::read(std::span<std::string const> jobs, runner_identity const &who,
                      rows const *answer)
{
    auto const found = answer != nullptr ? *answer : read_all(control_, limit_);
    std::size_t about = 0;
    while (about < found.size() && found.at(about, kind) != "0") {
        ++about;
    }
    if (about == found.size()) {
        throw_no_ledger(); // the schema is there, its one row is not
    }
    overview out;
    out.schema_version = static_cast<int>(found.integer(about, number));
    require_version(out.schema_version);
    require_own_database(found, about);
    out.server_time = instant_of(found.at(about, instant_1)).value_or(instant{});
    out.all_paused = found.flag(about, flag_1);
    out.all_paused_because = found.text(about, text_4);
    out.test_clock = found.flag(about, flag_2);
    evaluations seen{who};
    std::unordered_map<std::string_view, std::size_t> row_of;
    for (std::size_t i = 0; i < found.size(); ++i) {
        if (found.at(i, kind) == "2") {
            seen.take(found, i, out);
        }
        if (found.at(i, kind) != "1") {
            continue;
        }
        row_of.emplace(*found.at(i, row_name), i);
        auto const lease_until = instant_of(found.at(i, instant_4));
        out.dead_leases += lease_until && *lease_until < out.server_time ? 1 : 0;
    }
    std::sort(out.other_configurations.begin(), out.other_configurations.end());
    out.jobs.reserve(jobs.size());
    for (auto const &name : jobs) {
        job_state job;
        job.job = name;
        if (auto const row = row_of.find(name); row != row_of.end()) {
            job = read_job(found, row->second, out.server_time);
        }
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
