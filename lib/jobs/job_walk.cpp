// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "jobs/due.hpp"
#include "jobs/simulation.hpp"

namespace pgtend::jobs {

job_walk::job_walk(model::job const &job, instant from, instant until, microseconds look,
                   microseconds takes)
    : job_{&job}, in_{zone::load(job.time_zone)}, now_{from - microseconds{1}}, until_{until},
      look_{look}, takes_{takes}
{
    auto const limit = model::time_limit(job.policy);
    cut_ = limit.count() > 0 && takes_ > limit;
    takes_ = cut_ ? limit : takes_;
    // Whoever looked last just before `from` saw a new job.
    state_.job = job.name;
    state_.last_slot = state_.evaluated_at =
        decide(job, state_, false, in_, {now_, now_}).counts_from;
    state_.known = true;
    state_.schedule = job.schedule_text;
    state_.time_zone = job.time_zone;
}

// When somebody looks and may find something: after a slot fell due, or when the run before ended,
// because a tick that worked looks once more.
std::optional<instant> job_walk::next_look() const
{
    auto out = job_->enabled ? next_due(*job_, in_, now_) : std::nullopt;
    if (out && look_.count() > 0) {
        auto const beyond = out->time_since_epoch() % look_;
        *out += beyond.count() == 0  ? microseconds{0}
                : beyond.count() < 0 ? microseconds{-beyond}
                                     : look_ - beyond;
    }
    if (running_) {
        out = out ? std::min(*out, *state_.lease_until) : *state_.lease_until;
    }
    return out && *out < until_ ? out : std::nullopt;
}

std::optional<job_walk::run> job_walk::next()
{
    while (auto const look = next_look()) {
        now_ = *look;
        if (running_ && *state_.lease_until <= now_) {
            running_ = false;
            state_.holder.clear();
            state_.lease_until.reset();
        }
        auto const found = decide(*job_, state_, false, in_, {now_, now_});
        for (auto const &skip : found.skipped) {
            state_.last_slot = std::max(*state_.last_slot, skip.slot);
            ++skipped_;
        }
        if (found.claim) {
            running_ = true;
            state_.last_slot = *found.claim;
            state_.holder = "the run before";
            state_.lease_until = now_ + takes_;
            return run{*found.claim, now_, now_ + takes_, cut_};
        }
    }
    return std::nullopt;
}

} // namespace pgtend::jobs
