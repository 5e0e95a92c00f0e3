// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/position.hpp"
#include "cron/expression.hpp"
#include "model/action.hpp"

namespace pgtend::model {

enum class missed { none, once, all };
enum class overlap { skip, queue };
enum class pooler { automatic, none, session, transaction };

struct lock_policy {
    microseconds attempt = milliseconds{100};
    microseconds deadline = std::chrono::minutes{1};
};

struct retry_policy {
    int max = 5; // attempts after the first
    microseconds initial = seconds{1};
    microseconds ceiling = std::chrono::minutes{1};
};

// A job that fails again and again is tried ever more seldom: after so many failures in a row not
// for `pause`, which doubles with each further failure up to `ceiling`.
struct breaker_policy {
    bool on = true;
    int failures = 5;
    microseconds pause = std::chrono::minutes{5};
    microseconds ceiling = std::chrono::hours{1};
};

// How a run behaves: `defaults:` of the file, each key of which a job may repeat.
struct run_policy {
    lock_policy lock;
    retry_policy retry;
    breaker_policy breaker;
    microseconds timeout = std::chrono::minutes{10}; // of a run; 0: none
    std::optional<microseconds> window = {};         // replaces timeout
    model::missed missed = missed::once;
    std::optional<microseconds> max_age = {}; // nothing: the interval between slots, at most 24 h
    model::overlap overlap = overlap::skip;   // with missed::all every slot waits
    std::optional<std::string> search_path =
        {};                    // of the job's own SQL; nothing: what role and database say
    bool row_security = false; // true: let policies hide rows from the job
    std::string role = {};     // SET LOCAL ROLE for the work; empty: the login
};

// How long a run may take: its window, else its timeout; 0: as long as it likes.
microseconds time_limit(run_policy const &policy);

// How late a slot may still be run, for a job whose slots are `interval` apart. Without `max_age:`
// the interval, at most 24 h. A longer `max_age:` counts with `missed: all`; else there is one slot
// to run, and it is never older than the interval.
microseconds effective_max_age(run_policy const &policy, microseconds interval);

// "@daily": what a job has that is filled piece by piece.
cron::expression const &default_schedule();

struct job {
    std::string name;        // [a-z0-9][a-z0-9_-]{0,62}
    std::string target = {}; // empty: every target the command names
    std::string schedule_text = {};
    cron::expression schedule = default_schedule();
    std::string time_zone = "UTC"; // IANA name; of the schedule and of the SQL's session
    microseconds spread{0};
    bool enabled = true;
    run_policy policy;
    model::action action = {};
    source_position at = {};
    // Of the job's own `max_age:`, `target:` and action; line 0 when it has none, or was not read
    // from a file.
    source_position max_age_at = {};
    source_position target_at = {};
    source_position action_at = {};
};

// Throws error with a hint unless it is 1 to 63 characters of a-z, 0-9, _ and -, beginning with a
// letter or digit.
void check_job_name(std::string_view name);

// Throws usage_error with a hint unless it is an IANA name that this host's tzdata knows.
void check_time_zone(std::string_view name);

std::string_view name(missed value);
std::string_view name(overlap value);
std::string_view name(pooler value);

} // namespace pgtend::model
