// SPDX-License-Identifier: Apache-2.0
#include "model.hpp"

#include <algorithm>
#include <fmt/core.h>

namespace pgtend::simulation {

using ledger::claim;
using ledger::run_status;
using book = ledger::ledger;

namespace {

[[noreturn]] void throw_lost(claim const &held)
{
    throw lease_lost{fmt::format("job '{}': another run took over", held.job)};
}

error held_error(std::string const &message)
{
    return error{message, {}, {}, {}, exit_code::held};
}

} // namespace

bool ledger_model::lives(std::vector<backend> const &workers) const
{
    return std::any_of(workers.begin(), workers.end(), [&](backend const &each) {
        auto const found = backends.find(each.pid);
        return found != backends.end() && found->second == each.start;
    });
}

bool ledger_model::waits(std::string const &job) const
{
    auto const found = leases.find(job);
    return found != leases.end() && found->second.for_update;
}

lease_row *ledger_model::owned(claim const &held)
{
    auto const found = leases.find(held.job);
    return found != leases.end() && found->second.token == held.token &&
                   !found->second.holder.empty()
               ? &found->second
               : nullptr;
}

ledger::overview ledger_model::read(std::span<std::string const> jobs,
                                    ledger::runner_identity const &who) const
{
    ledger::overview out;
    out.server_time = now;
    out.schema_version = 2;
    out.test_clock = true;
    out.all_paused = all_paused;
    std::tuple<bool, bool, instant> best{};
    for (auto const &[where, r] : runners) {
        bool const here = where.first == who.host && where.second == who.config_file;
        bool const same = r.config_hash == who.config_hash;
        if (r.evaluated_at) {
            std::tuple const rank{here, same, *r.evaluated_at};
            if (!out.evaluated_at || rank > best) {
                best = rank;
                out.evaluated_at = r.evaluated_at;
            }
        }
        if (!who.config_hash.empty() && !same && !here &&
            r.heartbeat > now - std::chrono::minutes{10}) {
            out.other_configurations.push_back(where.first + " (" + where.second + ")");
        }
    }
    for (auto const &[job, l] : leases) {
        out.dead_leases += over(l) || too_long(l) ? 1 : 0;
    }
    out.connect_failures = connect_failures;
    out.connect_failed_at = connect_failed_at;
    for (auto const &name : jobs) {
        ledger::job_state state;
        state.job = name;
        if (auto const found = leases.find(name); found != leases.end()) {
            auto const &l = found->second;
            state.known = l.counts_from.has_value();
            state.last_slot = std::max(l.last_slot, l.counts_from);
            state.open_slot = l.open_slot;
            state.evaluated_at = state.counts_from = l.counts_from;
            if (state.known) {
                state.evaluated_at = std::max(l.counts_from, out.evaluated_at);
            }
            state.schedule = l.schedule;
            state.time_zone = l.time_zone;
            state.holder = l.holder;
            state.lease_until = l.lease_until;
            state.paused = l.paused;
            state.paused_because = l.paused_because;
            state.open_attempts = l.open_attempts;
            state.open_begun = l.open_begun;
            state.open_status =
                l.open_status == run_status::running && over(l) ? run_status::lost : l.open_status;
            state.last_status = l.last_status;
            state.finished_at = l.finished_at;
            state.failures = l.failures;
            state.failed_at = l.failed_at;
        }
        out.jobs.push_back(std::move(state));
    }
    return out;
}

bool ledger_model::was_run(std::string const &job, instant slot) const
{
    return std::any_of(runs.begin(), runs.end(), [&](auto const &each) {
        auto const &r = each.second;
        return r.job == job && r.slot == slot && r.status != run_status::skipped;
    });
}

void ledger_model::count_failure(lease_row &l) const
{
    if (planted_ != bug::no_failures) {
        ++l.failures;
        l.failed_at = now;
    }
}

std::vector<ledger::newest_run>
ledger_model::newest_runs(std::span<ledger::slot_bound const> asked) const
{
    std::vector<ledger::newest_run> out;
    for (auto const &[job, upto] : asked) {
        auto const found = leases.find(job);
        if (found == leases.end()) {
            continue;
        }
        ledger::newest_run newest{.job = job, .slot = {}, .token = found->second.token};
        for (auto const &[id, r] : runs) {
            if (planted_ != bug::step_unchecked && r.job == job && r.slot && *r.slot <= upto &&
                r.status != run_status::skipped) {
                newest.slot = std::max(newest.slot, r.slot);
            }
        }
        out.push_back(std::move(newest));
    }
    return out;
}

void ledger_model::register_jobs(std::span<book::registration const> jobs)
{
    for (auto const &r : jobs) {
        auto &l = leases[r.job];
        bool const same = l.counts_from && l.schedule == r.schedule && l.time_zone == r.time_zone;
        auto const counts_from = r.evaluated_at.value_or(now);
        l.counts_from = same ? std::min(*l.counts_from, counts_from) : counts_from;
        l.schedule = r.schedule;
        l.time_zone = r.time_zone;
        l.kind = r.kind;
    }
}

std::vector<ledger::slot_request>
ledger_model::lock_due(std::span<ledger::slot_request const> wanted,
                       ledger::runner_identity const &who)
{
    std::vector<ledger::slot_request> out;
    for (auto const &request : wanted) {
        auto const found = leases.find(request.job);
        if (found == leases.end() || !request.slot) {
            continue;
        }
        auto &l = found->second;
        bool const fresh = !l.last_slot || *l.last_slot < *request.slot;
        bool const own = l.holder == who.holder;
        bool const open = l.open_slot == request.slot;
        bool const again = open && (request.again || own);
        bool const unseen =
            request.token && (planted_ == bug::step_unchecked ||
                              (*request.token == l.token && !was_run(request.job, *request.slot)));
        bool const free = l.holder.empty() || over(l) || (own && open);
        bool const barred =
            planted_ == bug::finish_by_run ? l.for_update : locked(l); // by others' locks
        bool const known = !request.failures || l.failures <= *request.failures;
        if ((fresh || again || unseen) && known && free && !l.paused && !all_paused &&
            !lives(l.workers) && !barred) {
            l.for_update = true;
            out.push_back(request);
        }
    }
    return out;
}

bool ledger_model::may_take(std::span<ledger::slot_request const> locked) const
{
    return std::all_of(locked.begin(), locked.end(),
                       [&](auto const &each) { return leases.at(each.job).key_shares.empty(); });
}

std::vector<ledger::lost_run> ledger_model::lose(std::string const &job, long long token,
                                                 std::string const &why)
{
    std::vector<ledger::lost_run> out;
    std::erase_if(running_, [&](long long id) {
        auto &r = runs.at(id);
        bool const mine = r.job == job && r.token && *r.token <= token;
        if (mine) {
            r.status = run_status::lost;
            r.finished = now;
            r.error = why;
            out.push_back({r.job, r.slot, r.attempt, id, r.holder});
        }
        return mine;
    });
    return out;
}

claim ledger_model::begin_run(std::string const &job, std::optional<instant> slot, int attempt,
                              long long token, std::string const &holder)
{
    auto const id = next_run_++;
    running_.insert(id);
    ++history_[job];
    runs[id] = {.job = job,
                .slot = slot,
                .attempt = attempt,
                .token = token,
                .holder = holder,
                .started = now,
                .finished = {},
                .error = {},
                .sqlstate = {},
                .hint = {},
                .output = {}};
    return {.job = job, .slot = slot, .token = token, .run = id, .attempt = attempt};
}

std::vector<claim> ledger_model::take(std::span<ledger::slot_request const> locked,
                                      ledger::runner_identity const &who)
{
    std::vector<claim> out;
    for (auto const &request : locked) {
        auto &l = leases.at(request.job);
        l.for_update = false;
        if (planted_ == bug::claim_after_work) {
            out.push_back({.job = request.job, .slot = request.slot, .token = l.token});
            continue;
        }
        bool const taken_over = !l.holder.empty();
        bool const by_other = taken_over && l.holder != who.holder;
        lose(request.job, l.token,
             l.holder == who.holder ? "the answer to its claim was lost"
                                    : "the runner stopped renewing its lease");
        bool const again = taken_over || l.open_slot == request.slot;
        l.token += planted_ == bug::same_token && again ? 0 : 1;
        l.holder = who.holder;
        l.lease_until = now + book::ttl;
        l.workers.clear();
        l.open_attempts = l.open_slot == request.slot ? l.open_attempts + 1 : 1;
        l.open_slot = request.slot;
        l.open_status = run_status::running;
        l.open_begun = true;
        if (planted_ != bug::watermark_by_lock) {
            l.last_slot = std::max(l.last_slot, request.slot);
        }
        if (taken_over) {
            l.last_status = run_status::lost;
            l.finished_at = now;
        }
        if (by_other) {
            count_failure(l);
        }
        out.push_back(begin_run(request.job, request.slot, l.open_attempts, l.token, who.holder));
    }
    return out;
}

std::vector<claim> ledger_model::claim_slots(std::span<ledger::slot_request const> wanted,
                                             ledger::runner_identity const &who)
{
    return take(lock_due(wanted, who), who);
}

claim ledger_model::claim_manual(std::string const &job, ledger::runner_identity const &who)
{
    auto const found = leases.find(job);
    if (found == leases.end()) {
        auto &l = leases[job];
        l.token = 1;
        l.holder = who.holder;
        l.lease_until = now + book::ttl;
        return begin_run(job, {}, 1, 1, who.holder);
    }
    auto &l = found->second;
    bool const free = l.holder.empty() || over(l) || l.holder == who.holder;
    if (!free || lives(l.workers) || locked(l)) {
        throw held_error(l.holder.empty() ? "just being taken" : "held by " + l.holder);
    }
    lose(job, l.token,
         l.holder == who.holder ? "the answer to its claim was lost"
                                : "the runner stopped renewing its lease");
    ++l.token;
    if (!l.holder.empty()) {
        l.last_status = run_status::lost;
        l.finished_at = now;
        if (l.holder != who.holder) {
            count_failure(l);
        }
    }
    if (l.open_status == run_status::running) {
        l.open_status = run_status::lost;
    }
    l.holder = who.holder;
    l.lease_until = now + book::ttl;
    l.workers.clear();
    return begin_run(job, {}, 1, l.token, who.holder);
}

void ledger_model::record_skipped(std::span<book::skip const> slots)
{
    std::vector<book::skip const *> passed;
    for (auto const &skip : slots) {
        auto const found = leases.find(skip.job);
        if (found != leases.end() &&
            (!found->second.last_slot || *found->second.last_slot < skip.slot)) {
            passed.push_back(&skip);
        }
    }
    std::stable_sort(passed.begin(), passed.end(),
                     [](auto const *a, auto const *b) { return a->slot < b->slot; });
    for (auto const *skip : passed) {
        leases.at(skip->job).last_slot = skip->slot;
        ++history_[skip->job];
        runs[next_run_++] = {.job = skip->job,
                             .slot = skip->slot,
                             .attempt = 0,
                             .token = {},
                             .status = run_status::skipped,
                             .holder = {},
                             .started = now,
                             .finished = now,
                             .error = skip->reason,
                             .sqlstate = {},
                             .hint = {},
                             .output = {}};
    }
}

std::vector<bool> ledger_model::renew(std::span<claim const> held)
{
    std::vector<bool> out;
    for (auto const &each : held) {
        auto *l = owned(each);
        out.push_back(l != nullptr);
        if (l != nullptr) {
            l->lease_until = now + book::ttl;
        }
    }
    return out;
}

ledger::streak ledger_model::finish(claim const &held, ledger::finished_run const &how)
{
    bool const keeps =
        how.keep_open && how.status != run_status::succeeded && how.status != run_status::skipped;
    auto const row = runs.find(held.run);
    bool done =
        row != runs.end() && row->second.token == held.token && row->second.status == how.status;
    auto *l = owned(held);
    if (planted_ == bug::finish_by_run) {
        bool const running = row != runs.end() && row->second.status == run_status::running;
        l = running ? &leases.at(held.job) : nullptr;
    }
    if (planted_ == bug::claim_after_work) {
        l = &leases.at(held.job);
        l->last_slot = std::max(l->last_slot, held.slot);
    }
    if (l == nullptr) {
        if (!done) {
            throw_lost(held);
        }
        auto const failures = leases.at(held.job).failures;
        return {failures, failures};
    }
    auto const before = l->failures;
    l->holder.clear();
    l->lease_until.reset();
    if (!how.left_backend) {
        l->workers.clear();
    }
    if (held.slot) {
        if (!keeps) {
            l->open_slot.reset();
        }
        l->open_status = keeps ? std::optional{how.status} : std::nullopt;
        l->open_begun = how.begun || !keeps;
        l->open_attempts -= l->open_begun ? 0 : 1;
    }
    l->last_status = how.status;
    l->finished_at = now;
    if (how.status == run_status::succeeded) {
        l->failures = 0;
        l->failed_at.reset();
    } else if (how.status != run_status::skipped && !how.blameless) {
        count_failure(*l);
    }
    if (row != runs.end() && row->second.status == run_status::running) {
        auto &r = row->second;
        running_.erase(held.run);
        r.status = how.status;
        r.finished = now;
        r.rows = how.rows;
        r.error = how.error;
        r.sqlstate = how.sqlstate;
        r.hint = how.hint;
        r.output = how.output;
    }
    return {before, l->failures};
}

void ledger_model::note_backend(claim const &held, int pid)
{
    auto *l = owned(held);
    if (l == nullptr) {
        throw_lost(held);
    }
    auto const found = backends.find(pid);
    if (pid == 0) {
        l->workers.clear();
    } else {
        l->workers.push_back({pid, found == backends.end() ? instant{} : found->second});
    }
    if (pid != 0 && found == backends.end()) {
        throw error{"the server has no such backend"};
    }
}

std::vector<ledger::lost_run> ledger_model::mark_lost()
{
    std::vector<ledger::lost_run> out;
    for (auto &[job, l] : leases) {
        if (too_long(l)) {
            l.lease_until = now + book::ttl;
        }
        if (l.holder.empty() || !over(l) || lives(l.workers) || locked(l)) {
            continue;
        }
        auto lost = lose(job, l.token, "the runner stopped renewing its lease");
        l.token += planted_ == bug::same_token ? 0 : 1;
        l.holder.clear();
        l.lease_until.reset();
        l.workers.clear();
        if (l.open_status == run_status::running) {
            l.open_status = run_status::lost;
        }
        l.last_status = run_status::lost;
        l.finished_at = now;
        count_failure(l);
        for (auto &each : lost) {
            each.failures = l.failures;
        }
        out.insert(out.end(), lost.begin(), lost.end());
    }
    std::sort(out.begin(), out.end(), [](auto const &a, auto const &b) { return a.run < b.run; });
    return out;
}

void ledger_model::heartbeat(ledger::runner_identity const &who, std::optional<instant> evaluated)
{
    auto &r = runners[{who.host, who.config_file}];
    r.config_hash = who.config_hash;
    r.holder = who.holder;
    r.heartbeat = now;
    r.evaluated_at = std::max(r.evaluated_at, evaluated);
}

void ledger_model::pause(std::string const &job, bool paused, std::string const &because)
{
    if (job.empty()) {
        all_paused = paused;
    } else if (paused || leases.contains(job)) {
        auto &l = leases[job];
        l.paused = paused;
        l.paused_because = paused ? because : "";
    }
}

std::vector<book::forgotten> ledger_model::reset(std::span<std::string const> jobs)
{
    std::vector<book::forgotten> out;
    for (auto &[job, l] : leases) {
        if (!jobs.empty() && std::find(jobs.begin(), jobs.end(), job) == jobs.end()) {
            continue;
        }
        out.push_back({job, l.failures, l.open_slot ? l.open_attempts : 0});
        l.failures = 0;
        l.failed_at.reset();
        l.open_attempts = l.open_status == run_status::running ? std::min(l.open_attempts, 1) : 0;
    }
    if (jobs.empty()) {
        connect_failures = 0;
        connect_failed_at.reset();
    }
    return out;
}

void ledger_model::note_sessions(bool had, int failures)
{
    if (had) {
        connect_failures = 0;
        connect_failed_at.reset();
    } else if (connect_failures == failures) {
        ++connect_failures;
        connect_failed_at = now;
    }
}

long long ledger_model::purge(long long limit, std::span<std::string const> jobs)
{
    constexpr std::chrono::hours day{24};
    auto settled = instant::min() + 30 * day;
    for (auto const &[id, r] : runs) {
        if (r.started < now - day) {
            settled = std::max(settled, r.started);
        }
    }
    auto const oldest = settled - 30 * day;
    std::vector<long long> old;
    std::map<std::string, int> left; // of the jobs that have too many
    for (auto const &job : jobs) {
        if (auto const at = history_.find(job); at != history_.end() && at->second > 1'000) {
            left.insert(*at);
        }
    }
    auto const is_beyond = [&](run_row const &r) {
        auto const mine = left.find(r.job);
        if (mine == left.end()) {
            return false;
        }
        if (--mine->second == 1'000) {
            left.erase(mine);
        }
        return true;
    };
    for (auto const &[id, r] : runs) {
        if ((left.empty() && r.started >= oldest) ||
            old.size() == static_cast<std::size_t>(limit)) {
            break; // the rest is younger
        }
        bool const beyond = is_beyond(r);
        if (r.status != run_status::running && (beyond || r.started < oldest)) {
            old.push_back(id);
        }
    }
    for (auto const id : old) {
        --history_[runs.at(id).job];
        runs.erase(id);
    }
    std::erase_if(runners, [&](auto const &each) { return each.second.heartbeat < now - day; });
    return static_cast<long long>(old.size());
}

bool ledger_model::fence(claim const &held, int session)
{
    if (planted_ == bug::no_fence) {
        return true;
    }
    auto const found = leases.find(held.job);
    if (found == leases.end() || found->second.token != held.token) {
        return false;
    }
    found->second.key_shares.push_back(session);
    return true;
}

void ledger_model::release(int session)
{
    for (auto &[job, l] : leases) {
        std::erase(l.key_shares, session);
    }
}

} // namespace pgtend::simulation
