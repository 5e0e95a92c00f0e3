// SPDX-License-Identifier: Apache-2.0
// One state of the search: the server, two runners, what is on its way between them, and what
// clients that are gone have left behind. A copy is a state of its own.
#pragma once
#include <array>
#include <fmt/core.h>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "digest.hpp"
#include "questions.hpp"

namespace pgtend::simulation::searched {

inline constexpr char job_name[] = "job";
inline std::vector<std::string> const names{job_name};

// One job, due each hour.
model::configuration const &jobs_of(nature const &work);

// A question on its way, or its answer.
struct call {
    jobs::question::any asked;
    bool again = false; // on the second session
    std::optional<std::vector<ledger::slot_request>> locked = {};
    std::optional<outcome> came = {};
};

// A statement of the work on its way, or its answer.
struct labour {
    work client;
    int session = 0;
    bool running = false; // outside transactions
    std::optional<server::answer> came = {};
};

struct runner {
    runner(model::configuration const &all, int number_)
        : machine{all, {}}, who{fmt::format("host-{}/1/a", number_),
                                fmt::format("host-{}", number_), "jobs.yaml", "hash"},
          number{number_}
    {
    }
    jobs::dispatcher machine;
    ledger::runner_identity who;
    int number;
    bool active = true;
    std::optional<call> control = {};
    std::optional<labour> hand = {};
    std::optional<clock::monotonic> wake = {};
};

// What is left on the server of a client that is gone.
struct orphan {
    int session = 0;                  // of work; 0: none
    std::optional<message> sent = {}; // not carried out yet
    std::optional<call> control = {}; // the same, of a control session
    ledger::runner_identity who = {};
};

struct trail {
    std::shared_ptr<trail const> before;
    std::string what;
};

struct world {
    server on;
    std::array<std::shared_ptr<runner const>, 2> runners = {};
    std::vector<orphan> orphans = {};
    int faults = 0, advances = 0;
    std::shared_ptr<trail const> past = {};
};

clock::monotonic steady(world const &w);
// The runner's machine takes its steps until it waits.
void push_machine(world &w, runner &r, nature const &work_of);
// An answer to its question, or to a statement of its work, arrives.
void hear(world &w, runner &r, outcome came, nature const &work_of);
void hear(world &w, runner &r, server::answer came, nature const &work_of);
// Two states with the same key have the same future.
digest key_of(world const &w);

} // namespace pgtend::simulation::searched
