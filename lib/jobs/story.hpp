// SPDX-License-Identifier: Apache-2.0
// How a job stands, in words that somebody understands who was woken up by it. Pure.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "jobs/due.hpp"
#include "ledger/ledger.hpp"
#include "model/configuration.hpp"

namespace pgtend::jobs {

// What became of the newest slot that is due by now.
enum class slot_fate {
    ran,         // a run of it succeeded
    failed,      // failed or timed out; the slot is done
    skipped,     // passed over by policy
    running,     // a run of it, or of an older slot, goes on
    left_undone, // lost or interrupted: taken up again, or given up
    waiting,     // due, and claimed by the next tick
    paused,
    breaker,     // the job's breaker is open
    no_sessions, // the target's is: no session for work can be had
    done,        // the watermark is beyond it, no run of it is known any more
    not_due_yet, // none since the schedule counts
    unseen,      // no tick with this file has noted the job
    disabled,
};
std::string_view name(slot_fate fate);

struct story {
    std::string next; // "in 3 h 20 min: 2026-03-02T02:00:00+01:00"; "never", "not while ..."
    std::string last; // of the last run that was not skipped: "succeeded 2 h ago, ..."
    std::optional<instant> slot; // the newest that is due by now
    slot_fate fate = slot_fate::unseen;
    std::string what;   // became of it, and why
    std::string also;   // what else keeps the job from running now; empty: nothing
    std::string advice; // what to do; empty: nothing need be done
};

struct story_of {
    model::job const &job;
    ledger::overview const &seen;
    ledger::job_state const &state;            // of the job
    decision const &choice;                    // decide() at seen.server_time
    std::span<ledger::history_row const> runs; // of the job, newest first; skipped ones too
};
story tell(story_of const &facts);

} // namespace pgtend::jobs
