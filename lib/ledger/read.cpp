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
    auto const cell = from.at(row, column);
    return cell ? std::optional{parse_run_status(*cell)} : std::nullopt;
}

// Where EXECUTE on pg_control_system was taken from the role, the database's oid alone tells a
// copy.
std::vector<rows> read_all(pg::session &s, pg::limits const &limit)
{
    auto text = ledger::reading();
    try {
        return call_reading(s, text, limit);
    } catch (usage_error const &e) {
        if (e.message().find("pg_control_system") == std::string::npos) {
            throw;
        }
    }
    constexpr char const *identifier = "(pg_catalog.pg_control_system()).system_identifier";
    return call_reading(s, replace_all(text, identifier, "NULL"), limit);
}

// The columns of ledger_read_meta, ledger_read_leases and ledger_read_runners.
namespace meta {
enum column : std::size_t {
    schema_version,
    noted_system,
    noted_database,
    all_paused,
    all_paused_because,
    test_clock,
    system_identifier,
    class_path,
    server_time,
    connect_failures,
    connect_failed_at,
};
} // namespace meta
namespace lease {
enum column : std::size_t {
    job,
    schedule,
    time_zone,
    holder,
    paused,
    paused_because,
    open_begun,
    open_attempts,
    open_status,
    last_status,
    last_slot,
    open_slot,
    counts_from,
    lease_until,
    finished_at,
    failures,
    failed_at,
};
} // namespace lease
namespace seen_runner {
enum column : std::size_t { host, config_file, config_hash, heartbeat, evaluated_at };
} // namespace seen_runner

// "1767229200.123456": digits, a point, six digits, as EXTRACT gives it (14 and later).
std::optional<instant> instant_of(rows::cell cell)
{
    if (!cell) {
        return std::nullopt;
    }
    std::string const text{*cell};
    auto const point = text.find('.');
    auto const whole = std::stoll(text.substr(0, point));
    auto fraction = point == std::string::npos ? std::string{} : text.substr(point + 1);
    fraction.resize(6, '0');
    auto const part = std::stoll(fraction);
    return instant{seconds{whole}} + microseconds{text.front() == '-' ? -part : part};
}

void require_own_database(rows const &from)
{
    auto const noted_system = from.at(0, meta::noted_system),
               system = from.at(0, meta::system_identifier),
               noted_database = from.at(0, meta::noted_database);
    auto const database = pg::database_of(from.text(0, meta::class_path));
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
    job.job = from.text(row, lease::job);
    job.schedule = from.text(row, lease::schedule);
    job.time_zone = from.text(row, lease::time_zone);
    job.holder = from.text(row, lease::holder);
    job.paused_because = from.text(row, lease::paused_because);
    job.open_status = status_of(from, row, lease::open_status);
    job.last_status = status_of(from, row, lease::last_status);
    auto const last_slot = instant_of(from.at(row, lease::last_slot));
    auto const counts_from = instant_of(from.at(row, lease::counts_from));
    job.known = counts_from.has_value();
    job.last_slot = std::max(last_slot, counts_from);
    job.open_slot = instant_of(from.at(row, lease::open_slot));
    job.counts_from = job.evaluated_at = counts_from;
    job.lease_until = instant_of(from.at(row, lease::lease_until));
    job.finished_at = instant_of(from.at(row, lease::finished_at));
    job.paused = from.flag(row, lease::paused);
    job.open_begun = from.flag(row, lease::open_begun);
    job.open_attempts = static_cast<int>(from.integer(row, lease::open_attempts));
    job.failures = static_cast<int>(from.integer(row, lease::failures));
    job.failed_at = instant_of(from.at(row, lease::failed_at));
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
        auto const host = from.text(row, seen_runner::host),
                   file = from.text(row, seen_runner::config_file),
                   hash = from.text(row, seen_runner::config_hash);
        bool const own = host == who_.host && file == who_.config_file;
        bool const same = hash == who_.config_hash;
        if (auto const at = instant_of(from.at(row, seen_runner::evaluated_at))) {
            auto const rank = std::tuple{own, same, *at};
            if (rank > best_) {
                best_ = rank;
                out.evaluated_at = at;
            }
        }
        constexpr std::chrono::minutes lately{10};
        auto const heartbeat = instant_of(from.at(row, seen_runner::heartbeat));
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

std::string ledger::reading()
{
    return std::string{sql::ledger_read_meta}
        .append(";\n")
        .append(sql::ledger_read_leases)
        .append(";\n")
        .append(sql::ledger_read_runners);
}

overview ledger::read(std::span<std::string const> jobs, runner_identity const &who,
                      std::span<rows const> answered)
{
    auto const asked = answered.empty() ? read_all(control_, limit_) : std::vector<rows>{};
    auto const answers = answered.empty() ? std::span<rows const>{asked} : answered;
    if (answers.size() != 3 || answers[0].empty()) {
        throw_no_ledger(); // the schema is there, its one row is not
    }
    auto const &about = answers[0], &leases = answers[1], &runners = answers[2];
    overview out;
    out.schema_version = static_cast<int>(about.integer(0, meta::schema_version));
    require_version(out.schema_version);
    require_own_database(about);
    out.server_time = instant_of(about.at(0, meta::server_time)).value_or(instant{});
    out.all_paused = about.flag(0, meta::all_paused);
    out.all_paused_because = about.text(0, meta::all_paused_because);
    out.test_clock = about.flag(0, meta::test_clock);
    out.connect_failures = static_cast<int>(about.integer(0, meta::connect_failures));
    out.connect_failed_at = instant_of(about.at(0, meta::connect_failed_at));
    std::unordered_map<std::string_view, std::size_t> row_of;
    for (std::size_t i = 0; i < leases.size(); ++i) {
        row_of.emplace(*leases.at(i, lease::job), i);
        auto const until = instant_of(leases.at(i, lease::lease_until));
        bool const dead = until && (*until < out.server_time ||
                                    *until > out.server_time + ledger::ttl + ledger::margin);
        out.dead_leases += dead ? 1 : 0;
    }
    evaluations seen{who};
    for (std::size_t i = 0; i < runners.size(); ++i) {
        seen.take(runners, i, out);
    }
    std::sort(out.other_configurations.begin(), out.other_configurations.end());
    out.jobs.reserve(jobs.size());
    for (auto const &name : jobs) {
        job_state job;
        job.job = name;
        if (auto const row = row_of.find(name); row != row_of.end()) {
            job = read_job(leases, row->second, out.server_time);
        }
        if (job.known) {
            job.evaluated_at = std::max(job.evaluated_at, out.evaluated_at);
        }
        out.jobs.push_back(std::move(job));
    }
    return out;
}

std::vector<newest_run> ledger::newest_runs(std::span<slot_bound const> asked)
{
    std::vector<param> jobs, instants;
    for (auto const &each : asked) {
        jobs.push_back(each.job);
        instants.push_back(to_param(each.upto));
    }
    auto const found = ask(sql::ledger_newest_runs, {array_literal(jobs), array_literal(instants)});
    std::vector<newest_run> out;
    for (std::size_t i = 0; i < found.size(); ++i) {
        out.push_back({.job = found.text(i, "job"),
                       .slot = to_instant(found, i, "slot"),
                       .token = found.integer(i, "token")});
    }
    return out;
}

} // namespace pgtend::ledger
