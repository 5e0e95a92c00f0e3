// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>

#include "base/error.hpp"
#include "catalog/load.hpp"
#include "jobs/due.hpp"
#include "jobs/readiness.hpp"
#include "jobs/simulation.hpp"

namespace pgtend::jobs {
namespace {

constexpr auto ahead_of = std::chrono::days{7};
constexpr int slots_looked_at = 100;

microseconds shortest_interval(model::job const &job, zone const &in, instant now)
{
    microseconds out{0};
    auto at = next_slot(job, in, now);
    for (int i = 0; at && i < slots_looked_at; ++i) {
        auto const then = next_slot(job, in, *at);
        if (then && (out.count() == 0 || *then - *at < out)) {
            out = *then - *at;
        }
        at = then;
    }
    return out;
}

check::job_fact schedule_of(model::job const &job, zone const &in, instant now)
{
    check::job_fact out{.name = job.name,
                        .interval = shortest_interval(job, in, now),
                        .limit = model::time_limit(job.policy),
                        .at = job.at};
    for (auto const &each : job.schedule.lints(in, now)) {
        if (each.id == "never") {
            out.never = each.message;
        } else if (each.id == "day-rule" || each.id == "uneven-step" || each.id == "gap" ||
                   each.id == "repeat") {
            out.doubts.push_back({each.message, each.hint});
        }
    }
    return out;
}

bool is_failure(ledger::run_status status)
{
    using enum ledger::run_status;
    return status == failed || status == timed_out || status == lost || status == interrupted;
}

void note_state(check::job_fact &out, model::job const &job, zone const &in,
                ledger::job_state const &state, ledger::overview const &seen)
{
    auto &record = out.record;
    record.known = state.known;
    record.paused = state.paused || seen.all_paused;
    record.paused_because = state.paused ? state.paused_because : seen.all_paused_because;
    if (state.last_status) {
        record.failed = is_failure(*state.last_status);
        record.last_status = name(*state.last_status);
    }
    record.last_finished = state.finished_at;
    bool const busy = state.lease_until && *state.lease_until >= seen.server_time;
    if (!state.known || busy || !state.evaluated_at) {
        return;
    }
    // What was due by another schedule is not: it counts from when that was looked at last.
    bool const changed = state.schedule != job.schedule_text || state.time_zone != job.time_zone;
    auto const since =
        changed ? *state.evaluated_at : state.counts_from.value_or(*state.evaluated_at);
    auto const base = std::max(state.last_slot.value_or(since), since);
    auto const waiting = next_slot(job, in, base);
    if (waiting && due_at(job, *waiting) + punctual < seen.server_time) {
        record.waiting = waiting;
        record.late = seen.server_time - due_at(job, *waiting);
    }
}

void note_ledger(check::job_facts &out, readiness_request const &ask,
                 std::vector<model::job const *> const &jobs)
{
    ledger::ledger book{ask.session, ask.limit};
    std::vector<std::string> names;
    for (auto const *job : jobs) {
        names.push_back(job->name);
    }
    auto const seen = book.read(names);
    auto const health = book.read_health();
    out.now = seen.server_time;
    out.ledger_made = health.created;
    out.heartbeat = health.heartbeat;
    for (std::size_t i = 0; i < jobs.size(); ++i) {
        note_state(out.jobs[i], *jobs[i], zone::load(jobs[i]->time_zone), seen.jobs[i], seen);
    }
    std::map<std::string, check::job_record *> records;
    for (auto &each : out.jobs) {
        records[each.name] = &each.record;
    }
    for (auto const &row : book.last_runs(names)) {
        records[row.job]->last_error = row.error;
    }
    for (auto const &each : book.statistics({.job = {}, .since = seen.server_time - ahead_of})) {
        auto const record = records.find(each.job);
        if (record != records.end() &&
            each.succeeded + each.failed + each.timed_out >= check::fewest_runs) {
            record->second->p95 = each.p95;
        }
    }
    for (auto const &each : book.guarded_leases()) {
        out.leases.push_back({each.job, each.holder, each.lease_until, each.backend_pid});
    }
}

// Two that write rows wait for each other's row locks; two that look after a table as a whole for
// each other's table locks. One of each do not.
bool in_the_way(model::action const &one, model::action const &other)
{
    auto const rows = [](model::action const &what) {
        return std::holds_alternative<model::cleanup_action>(what) ||
               std::holds_alternative<model::expire_action>(what);
    };
    auto const table = [](model::action const &what) {
        return std::holds_alternative<model::refresh_action>(what) ||
               std::holds_alternative<model::vacuum_action>(what) ||
               std::holds_alternative<model::index_action>(what) ||
               std::holds_alternative<model::partition_action>(what);
    };
    return (rows(one) && rows(other)) || (table(one) && table(other));
}

bool share_a_table(touched const &one, touched const &other)
{
    std::vector<qualified_name> both;
    std::set_intersection(one.tables.begin(), one.tables.end(), other.tables.begin(),
                          other.tables.end(), std::back_inserter(both));
    return !both.empty();
}

// For each job of the file: whether it can be in another one's way.
std::vector<bool> can_collide(model::configuration const &file)
{
    std::vector<touched> on;
    for (auto const &job : file.jobs) {
        on.push_back(touched_by(job.action, file));
    }
    std::vector<bool> out(on.size());
    for (std::size_t i = 0; i < on.size(); ++i) {
        for (std::size_t k = 0; k < i; ++k) {
            auto const &one = file.jobs[i], &other = file.jobs[k];
            if (one.enabled && other.enabled && in_the_way(one.action, other.action) &&
                share_a_table(on[i], on[k])) {
                out[i] = out[k] = true;
            }
        }
    }
    return out;
}

void note_collisions(check::job_facts &out, model::configuration const &file, instant now,
                     std::stop_token const &stop)
{
    auto const chosen = can_collide(file);
    auto some = file;
    some.jobs.clear();
    simulation_request request{.from = now, .until = now + ahead_of};
    request.stop = stop;
    std::size_t fact = 0;
    for (std::size_t i = 0; i < file.jobs.size(); ++i) {
        if (chosen[i]) {
            some.jobs.push_back(file.jobs[i]);
            // A run that is not known is taken to be short: they collide when they begin together.
            request.takes.push_back(out.jobs[fact].record.p95.value_or(seconds{1}));
        }
        fact += file.jobs[i].enabled ? 1 : 0;
    }
    for (auto const &each : simulate(some, request).pairs) {
        auto const &one = some.jobs[each.one], &other = some.jobs[each.other];
        if (in_the_way(one.action, other.action)) {
            out.collisions.push_back(
                {one.name, other.name, display(each.table), each.times, each.first});
        }
    }
}

} // namespace

check::job_facts read_job_facts(readiness_request const &ask)
{
    check::job_facts out{
        .declared = ask.file != nullptr, .now = ask.now, .clock_skew = ask.clock_skew};
    std::vector<model::job const *> jobs;
    for (std::size_t i = 0; ask.file != nullptr && i < ask.file->jobs.size(); ++i) {
        auto const &job = ask.file->jobs[i];
        if (job.enabled) {
            jobs.push_back(&job);
            out.jobs.push_back(schedule_of(job, zone::load(job.time_zone), ask.now));
        }
    }
    try {
        note_ledger(out, ask, jobs);
    } catch (usage_error const &e) {
        out.no_ledger = "the ledger: " + e.message();
    }
    if (ask.file != nullptr) {
        note_collisions(out, *ask.file, ask.now, ask.limit.stop);
        out.partman_tables = catalog::load_partman_tables(ask.session, ask.limit);
    }
    return out;
}

} // namespace pgtend::jobs
