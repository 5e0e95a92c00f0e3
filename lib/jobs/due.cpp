// SPDX-License-Identifier: Apache-2.0
#include "jobs/due.hpp"

#include <algorithm>

#include "base/duration.hpp"
#include "jobs/breaker.hpp"

namespace pgtend::jobs {
namespace {

microseconds offset(model::job const &job)
{
    return cron::spread_offset(job.name, job.spread);
}

} // namespace

std::optional<instant> previous_slot(model::job const &job, pgtend::zone const &zone, instant now)
{
    return job.schedule.previous(now - offset(job), zone);
}

std::optional<instant> next_slot(model::job const &job, pgtend::zone const &zone, instant after)
{
    return job.schedule.next(after, zone);
}

instant due_at(model::job const &job, instant slot)
{
    return slot + offset(job);
}

std::optional<instant> next_due(model::job const &job, pgtend::zone const &zone, instant now)
{
    auto const slot = next_slot(job, zone, now - offset(job));
    return slot ? std::optional<instant>{due_at(job, *slot)} : std::nullopt;
}

microseconds max_age(model::job const &job, pgtend::zone const &zone, instant slot)
{
    constexpr microseconds longest = std::chrono::hours{24};
    auto const next = next_slot(job, zone, slot);
    return model::effective_max_age(job.policy, next ? microseconds{*next - slot} : longest);
}

namespace {

ledger::ledger::skip missed(model::job const &job, ledger::job_state const &state, instant slot,
                            instant now, microseconds limit)
{
    auto reason = "missed: found " + humanize(now - due_at(job, slot)) +
                  " late, over the limit of " + humanize(limit);
    if (breaker_pause(job.policy.breaker, state.failures)) {
        reason += "; the job " + failed_in_a_row(state.failures) + " and is not tried each time";
    }
    return {job.name, slot, std::move(reason)};
}

// The slots after `base` that the policy lets run, and those it passes over.
void take_newest(decision &out, model::job const &job, ledger::job_state const &state,
                 pgtend::zone const &zone, instant base, instant now)
{
    auto const newest = previous_slot(job, zone, now);
    if (!newest || *newest <= base) {
        return;
    }
    auto const limit = job.policy.missed == model::missed::none ? microseconds{punctual}
                                                                : max_age(job, zone, *newest);
    if (now - due_at(job, *newest) > limit) {
        out.skipped.push_back(missed(job, state, *newest, now, limit));
        return;
    }
    out.claim = newest;
    if (job.policy.missed == model::missed::all) {
        // The oldest that is young enough; the next look finds the one after it.
        auto const too_old = previous_slot(job, zone, now - limit - microseconds{1});
        if (too_old && *too_old > base) {
            out.skipped.push_back(missed(job, state, *too_old, now, limit));
            base = *too_old;
        }
        out.claim = next_slot(job, zone, base);
    }
}

// Between the attempts at one slot: none before the second, then a minute, four, sixteen.
microseconds pause_after(int attempts)
{
    return attempts < 2 ? microseconds{0}
                        : microseconds{std::chrono::minutes{1LL << (2 * (attempts - 2))}};
}

// The slot that a lost or interrupted run left open. True: it is taken up, now or after a pause.
bool take_open(decision &out, model::job const &job, ledger::job_state const &state,
               pgtend::zone const &zone, moment const &at)
{
    auto const slot = *state.open_slot;
    auto const since_last = since(state.finished_at, at.server_time);
    if (state.open_begun && !model::idempotent(job.action)) {
        out.reason = "left undone; not repeated, because the job does not say idempotent: true";
    } else if (at.now - due_at(job, slot) > max_age(job, zone, slot)) {
        out.reason = "left undone, too old to be taken up again";
    } else if (state.open_attempts >= most_attempts) {
        out.reason = "left undone after " + std::to_string(state.open_attempts) + " attempts";
    } else if (since_last && *since_last < pause_after(state.open_attempts)) {
        out.reason = "left undone; the next attempt comes " +
                     humanize(pause_after(state.open_attempts)) + " after the last one";
        return true;
    } else {
        out.claim = slot;
        out.again = true;
        return true;
    }
    return false;
}

// From where slots count. A watermark that lies in the future gives way to what was really run, and
// to when the schedule began to count; to now when that lies in the future as well.
instant base_of(decision &out, model::job const &job, ledger::job_state const &state, instant now)
{
    if (!ahead(job, state, now)) {
        return state.last_slot.value_or(now);
    }
    if (!state.ran) {
        return *state.last_slot;
    }
    out.token = state.ran->token;
    auto counts_from = state.counts_from;
    if (!counts_from || *counts_from > now - offset(job) + ledger::ledger::clock_tolerance) {
        out.counts_from = counts_from = now - offset(job);
    }
    return std::max(*counts_from, state.ran->slot.value_or(*counts_from));
}

} // namespace

std::optional<microseconds> ahead(model::job const &job, ledger::job_state const &state,
                                  instant now)
{
    auto const far = state.known && state.last_slot ? *state.last_slot - (now - offset(job))
                                                    : instant::duration{0};
    return job.enabled && far > ledger::ledger::clock_tolerance ? std::optional{far} : std::nullopt;
}

std::vector<ledger::slot_bound> to_look_back(model::configuration const &all,
                                             ledger::overview const &seen, instant now)
{
    std::vector<ledger::slot_bound> out;
    for (std::size_t i = 0; i < all.jobs.size(); ++i) {
        auto const &job = all.jobs[i];
        if (ahead(job, seen.jobs.at(i), now)) {
            out.push_back({job.name, now - offset(job)});
        }
    }
    return out;
}

void look_back(ledger::overview &seen, std::vector<ledger::newest_run> const &found)
{
    for (auto const &each : found) {
        for (auto &state : seen.jobs) {
            if (state.job == each.job) {
                state.ran = each;
            }
        }
    }
}

decision decide(model::job const &job, ledger::job_state const &state, bool all_paused,
                pgtend::zone const &zone, moment const &at)
{
    decision out;
    out.failures = failures_of(state, at.server_time);
    if (!job.enabled) {
        out.reason = "disabled in the file";
        return out;
    }
    if (!state.known) {
        out.counts_from = at.now - offset(job);
        out.reason = "new: starts from now";
        return out;
    }
    // An unchanged schedule is asked from the watermark on; a changed one from its last evaluation.
    auto base = base_of(out, job, state, at.now);
    if (state.schedule != job.schedule_text || state.time_zone != job.time_zone) {
        out.counts_from = std::min(state.evaluated_at.value_or(at.now), at.now) - offset(job);
        base = std::max(base, *out.counts_from);
    }
    if (all_paused || state.paused) {
        out.reason = all_paused ? "all jobs are paused" : "paused";
        return out;
    }
    if (!state.holder.empty() && state.lease_until && *state.lease_until > at.server_time) {
        out.reason = "running on " + state.holder;
        auto const newest = previous_slot(job, zone, at.now);
        // One watermark cannot tell what came meanwhile from what was missed before that run: with
        // `missed: all` both wait.
        if (newest && *newest > base && job.policy.overlap == model::overlap::skip &&
            job.policy.missed != model::missed::all && !out.token) {
            out.skipped.push_back(
                {job.name, *newest, "the run before it is still going on (" + state.holder + ")"});
        }
        return out;
    }
    if (auto const breaker = breaker_of(job, state, at.server_time);
        breaker.state == breaker_state::open) {
        out.reason = failed_in_a_row(out.failures) + "; tried again from " +
                     to_rfc3339(*breaker.until) + " on";
        return out;
    }
    // Where every slot counts, what was left open comes before what is new.
    bool const open_first = job.policy.missed == model::missed::all;
    if (state.open_slot && open_first && take_open(out, job, state, zone, at)) {
        return out;
    }
    take_newest(out, job, state, zone, base, at.now);
    if (out.token) {
        out.skipped.clear(); // the watermark is beyond them
    }
    if (!out.claim && state.open_slot && !open_first) {
        take_open(out, job, state, zone, at);
    }
    return out;
}

} // namespace pgtend::jobs
