// SPDX-License-Identifier: Apache-2.0
// Circuit breakers: what fails again and again is tried ever more seldom. Closed: all is tried.
// Open: nothing is, for a pause that doubles with each failure. Half open: the pause is over, and
// one try decides. Pure: the ledger holds how often in a row something failed, and when last.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "ledger/ledger.hpp"
#include "model/job.hpp"

namespace pgtend::jobs {

enum class breaker_state { closed, open, half_open };
std::string_view name(breaker_state state);

struct breaker {
    breaker_state state = breaker_state::closed;
    std::optional<instant> until = {}; // of the pause, when open
};

// After this many failures in a row: min(ceiling, pause * 2^(failures - policy.failures)). Nothing
// while the breaker stays closed.
std::optional<microseconds> breaker_pause(model::breaker_policy const &policy, int failures);

// A failure that lies in the future is from before the clock was set back: its pause is over.
breaker breaker_at(model::breaker_policy const &policy, int failures,
                   std::optional<instant> failed_at, instant server_time);

// A lease that is over is one failure more, at this moment: nobody has said so yet.
int failures_of(ledger::job_state const &state, instant server_time);
breaker breaker_of(model::job const &job, ledger::job_state const &state, instant server_time);
// Of the target: the ledger can be asked, and no session for the work of jobs can be had (too many
// connections for the role, say). After 3 ticks in a row; pauses of 1 minute, at last 15.
breaker breaker_of(ledger::overview const &seen);

std::string failed_in_a_row(int times);    // "failed 5 times in a row", "failed once"
std::string failures_in_a_row(int number); // "5 failures in a row", "a failure"

// How long ago that was. Nothing when it is longer than forever: no instant, or one in the future,
// from before the clock was set back.
std::optional<microseconds> since(std::optional<instant> then, instant now);

} // namespace pgtend::jobs
