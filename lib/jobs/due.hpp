// SPDX-License-Identifier: Apache-2.0
// What is due: a pure function of the file's job, its row in the ledger and the time.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ledger/ledger.hpp"
#include "model/configuration.hpp"
#include "model/job.hpp"
#include "zone/zone.hpp"

namespace pgtend::jobs {

// A slot found later than this counts as missed (a tick comes each minute).
inline constexpr seconds punctual{90};
// Runs of one slot that began their work and were lost or interrupted, after which it is given up.
// Between them lie pauses of 0, 1, 4 and 16 minutes.
inline constexpr int most_attempts = 5;

struct decision {
    // The slot to claim now; nothing: none.
    std::optional<instant> claim = {};
    // It is the open slot, taken up again.
    bool again = false;
    // Slots passed over, with the reason; the watermark moves past them. Only the newest of a
    // series is listed, the reason counts the others.
    std::vector<ledger::ledger::skip> skipped = {};
    // The slot lies before the watermark, because the clock was set back: with this token it can be
    // claimed.
    std::optional<long long> token = {};
    int failures = 0; // in a row: what the claim rests on
    // The ledger has to learn of the job or of its changed schedule, whose slots count after this
    // instant.
    std::optional<instant> counts_from = {};
    // Why nothing is claimed although something could be expected; empty otherwise. For `job show`.
    std::string reason = {};
};

struct moment {
    instant now;         // of slots: the server's time, or --now
    instant server_time; // of leases
};

// How far the watermark lies in the future, beyond ledger::clock_tolerance: the clock that it was
// written by was set back since. Then slots before it become due as far as no run of them is known.
std::optional<microseconds> ahead(model::job const &job, ledger::job_state const &state,
                                  instant now);
// What decide() has to be told of such jobs, and telling it.
std::vector<ledger::slot_bound> to_look_back(model::configuration const &all,
                                             ledger::overview const &seen, instant now);
void look_back(ledger::overview &seen, std::vector<ledger::newest_run> const &found);

// Takes time that does not grow with the number of missed slots.
decision decide(model::job const &job, ledger::job_state const &state, bool all_paused,
                pgtend::zone const &zone, moment const &at);

// A slot is the instant that the schedule names; a job with `spread` is due a fixed offset later.
// So a changed spread moves when a slot runs, and never makes a new slot of it.
instant due_at(model::job const &job, instant slot);
// The newest slot that is due at `now`, and the slot after a slot. Nothing when there is none.
std::optional<instant> previous_slot(model::job const &job, pgtend::zone const &zone, instant now);
std::optional<instant> next_slot(model::job const &job, pgtend::zone const &zone, instant after);
// When it falls due next after `now`.
std::optional<instant> next_due(model::job const &job, pgtend::zone const &zone, instant now);

// How old a slot may be when it is claimed: the job's max_age, or the interval to the next slot, at
// most 24 h.
microseconds max_age(model::job const &job, pgtend::zone const &zone, instant slot);

} // namespace pgtend::jobs
