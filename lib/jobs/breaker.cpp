// SPDX-License-Identifier: Apache-2.0
#include "jobs/breaker.hpp"

#include <algorithm>

namespace pgtend::jobs {
namespace {

constexpr model::breaker_policy of_target{
    .failures = 3, .pause = std::chrono::minutes{1}, .ceiling = std::chrono::minutes{15}};

} // namespace

std::string_view name(breaker_state state)
{
    switch (state) {
    case breaker_state::closed:
        return "closed";
    case breaker_state::open:
        return "open";
    case breaker_state::half_open:
        return "half_open";
    }
    return {};
}

std::optional<microseconds> breaker_pause(model::breaker_policy const &policy, int failures)
{
    if (!policy.on || failures < policy.failures) {
        return std::nullopt;
    }
    auto pause = policy.pause;
    for (int n = policy.failures; n < failures && pause < policy.ceiling; ++n) {
        pause *= 2;
    }
    return std::min(pause, policy.ceiling);
}

std::string failed_in_a_row(int times)
{
    return times == 1 ? "failed once" : "failed " + std::to_string(times) + " times in a row";
}

std::string failures_in_a_row(int number)
{
    return number == 1 ? "a failure" : std::to_string(number) + " failures in a row";
}

std::optional<microseconds> since(std::optional<instant> then, instant now)
{
    if (!then || *then > now + ledger::ledger::clock_tolerance) {
        return std::nullopt;
    }
    return now - *then;
}

breaker breaker_at(model::breaker_policy const &policy, int failures,
                   std::optional<instant> failed_at, instant server_time)
{
    auto const pause = breaker_pause(policy, failures);
    if (!pause) {
        return {};
    }
    auto const past = since(failed_at, server_time);
    if (past && *past < *pause) {
        return {breaker_state::open, *failed_at + *pause};
    }
    return {breaker_state::half_open, {}};
}

namespace {

bool dead(ledger::job_state const &state, instant server_time)
{
    return !state.holder.empty() && state.lease_until && *state.lease_until <= server_time;
}

} // namespace

int failures_of(ledger::job_state const &state, instant server_time)
{
    return state.failures + (dead(state, server_time) ? 1 : 0);
}

breaker breaker_of(model::job const &job, ledger::job_state const &state, instant server_time)
{
    return breaker_at(job.policy.breaker, failures_of(state, server_time),
                      dead(state, server_time) ? server_time : state.failed_at, server_time);
}

breaker breaker_of(ledger::overview const &seen)
{
    return breaker_at(of_target, seen.connect_failures, seen.connect_failed_at, seen.server_time);
}

} // namespace pgtend::jobs
