// SPDX-License-Identifier: Apache-2.0
#include "jobs/due.hpp"

#include <algorithm>

#include "base/duration.hpp"

namespace pgtend::jobs {
namespace {

microseconds offset(model::job const &job)
{
    return cron::spread_offset(job.name, job.spread);
}

} // namespace

std::optional<instant> previous_slot(model::job const &job, pgtend::zone const &zone, instant now)
{
    auto const slot = job.schedule.previous(now - offset(job), zone);
    return slot ? std::optional<instant>{*slot + offset(job)} : std::nullopt;
}

std::optional<instant> next_slot(model::job const &job, pgtend::zone const &zone, instant after)
{
    auto const slot = job.schedule.next(after - offset(job), zone);
    return slot ? std::optional<instant>{*slot + offset(job)} : std::nullopt;
}

microseconds max_age(model::job const &job, pgtend::zone const &zone, instant slot)
{
    constexpr microseconds longest = std::chrono::hours{24};
    auto const next = next_slot(job, zone, slot);
    return model::effective_max_age(job.policy, next ? microseconds{*next - slot} : longest);
}

namespace {

// The slots after `base` that the policy lets run, and those it passes over.
void take_newest(decision &out, model::job const &job, pgtend::zone const &zone, instant base,
                 instant now)
{
    auto const newest = previous_slot(job, zone, now);
    if (!newest || *newest <= base) {
        return;
    }
    auto const limit = job.policy.missed == model::missed::none ? microseconds{punctual}
                                                                : max_age(job, zone, *newest);
    if (now - *newest > limit) {
        out.skipped.push_back({job.name, *newest,
                               "missed: found " + humanize(now - *newest) +
                                   " late, over the limit of " + humanize(limit)});
        return;
    }
    out.claim = newest;
    if (job.policy.missed == model::missed::all) {
        // The oldest that is young enough; the next look finds the one after it.
        auto const young = now - limit - microseconds{1};
        out.claim = next_slot(job, zone, std::max(base, young));
    }
}

// The slot that a lost or interrupted run left open.
void take_open(decision &out, model::job const &job, ledger::job_state const &state,
               pgtend::zone const &zone, instant now)
{
    auto const slot = *state.open_slot;
    if (!model::idempotent(job.action)) {
        out.reason = "left undone; not repeated, because the job does not say idempotent: true";
    } else if (now - slot > max_age(job, zone, slot)) {
        out.reason = "left undone, too old to be taken up again";
    } else if (state.open_attempts >= most_attempts) {
        out.reason = "left undone after " + std::to_string(state.open_attempts) + " attempts";
    } else {
        out.claim = slot;
    }
}

} // namespace

decision decide(model::job const &job, ledger::job_state const &state, bool all_paused,
                pgtend::zone const &zone, moment const &at)
{
    decision out;
    if (!job.enabled) {
        out.reason = "disabled in the file";
        return out;
    }
    if (!state.known) {
        out.counts_from = at.now;
        out.reason = "new: starts from now";
        return out;
    }
    bool const changed = state.schedule != job.schedule_text || state.time_zone != job.time_zone;
    if (changed) {
        out.counts_from = state.evaluated_at.value_or(at.now);
    }
    if (all_paused || state.paused) {
        out.reason = all_paused ? "all jobs are paused" : "paused";
        return out;
    }
    // An unchanged schedule is asked from the watermark on; a changed one from its last evaluation.
    auto base = state.last_slot.value_or(at.now);
    if (changed) {
        base = std::max(base, *out.counts_from);
    }
    if (!state.holder.empty() && state.lease_until && *state.lease_until > at.server_time) {
        out.reason = "running on " + state.holder;
        auto const newest = previous_slot(job, zone, at.now);
        if (newest && *newest > base && job.policy.overlap == model::overlap::skip) {
            out.skipped.push_back(
                {job.name, *newest, "the run before it is still going on (" + state.holder + ")"});
        }
        return out;
    }
    take_newest(out, job, zone, base, at.now);
    if (!out.claim && state.open_slot) {
        take_open(out, job, state, zone, at.now);
    }
    return out;
}

} // namespace pgtend::jobs
