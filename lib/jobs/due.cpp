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

std::string age(instant slot, instant now)
{
    return humanize(now - slot);
}

// `missed: all`: the oldest slot after `base` that is young enough, found from the young end.
std::optional<instant> oldest_after(model::job const &job, pgtend::zone const &zone, instant base)
{
    return next_slot(job, zone, base);
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
    constexpr microseconds most = std::chrono::hours{24};
    if (job.policy.max_age) {
        return *job.policy.max_age;
    }
    auto const next = next_slot(job, zone, slot);
    return next ? std::min<microseconds>(*next - slot, most) : most;
}

decision decide(model::job const &job, ledger::job_state const &state, bool all_paused, pgtend::zone const &zone, instant now)
{
    decision out;
    if (!job.enabled) {
        out.reason = "disabled in the file";
        return out;
    }
    if (!state.known) {
        // A new job starts from now.
        out.evaluated_at = now;
        out.reason = "new: starts from now";
        return out;
    }
    bool const changed = state.schedule != job.schedule_text || state.time_zone != job.time_zone;
    if (changed) {
        out.evaluated_at = now;
    }
    if (all_paused || state.paused) {
        out.reason = all_paused ? "all jobs are paused" : "paused";
        return out;
    }
    // An unchanged schedule is asked from the watermark on; a changed one from its last evaluation.
    auto base = state.last_slot.value_or(now);
    if (changed && state.evaluated_at) {
        base = std::max(base, *state.evaluated_at);
    }
    bool const held = !state.holder.empty() && state.lease_until && *state.lease_until > now;

    auto newest = previous_slot(job, zone, now);
    if (newest && *newest <= base) {
        newest.reset();
    }
    if (held) {
        out.reason = "running on " + state.holder;
        if (newest && job.policy.overlap == model::overlap::skip) {
            out.skipped.push_back({job.name, *newest, "the run before it is still going on (" + state.holder + ")"});
        }
        return out;
    }
    if (newest) {
        auto const limit = job.policy.missed == model::missed::none ? std::min<microseconds>(punctual, max_age(job, zone, *newest))
                                                                    : max_age(job, zone, *newest);
        if (now - *newest > std::max<microseconds>(limit, job.policy.missed == model::missed::none ? punctual : microseconds{0})) {
            out.skipped.push_back({job.name, *newest, "missed " + age(*newest, now) + " ago, over the limit of " + humanize(limit)});
            newest.reset();
        }
    }
    if (newest && job.policy.missed == model::missed::all) {
        auto const oldest_allowed = now - max_age(job, zone, *newest) - microseconds{1};
        out.claim = oldest_after(job, zone, std::max(base, oldest_allowed));
        return out;
    }
    if (newest) {
        out.claim = newest;
        return out;
    }
    if (state.open_slot && model::idempotent(job.action)) {
        // What a lost or interrupted run left undone.
        auto const limit = max_age(job, zone, *state.open_slot);
        if (now - *state.open_slot > limit) {
            out.reason = "left undone, too old to be taken up again";
        } else if (state.open_attempts >= most_attempts) {
            out.reason = "left undone after " + std::to_string(state.open_attempts) + " attempts";
        } else {
            out.claim = state.open_slot;
        }
    }
    return out;
}

} // namespace pgtend::jobs
