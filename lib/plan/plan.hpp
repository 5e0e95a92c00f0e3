// SPDX-License-Identifier: Apache-2.0
// A plan is data: ordered steps, each with its reason and a body. Planners make it, one executor
// runs it.
#pragma once
#include <cstddef>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "plan/statement.hpp"
#include "plan/task.hpp"

namespace pgtend::plan {

// Statements that succeed or fail together.
struct transaction {
    std::vector<statement> statements;
};

// One statement that cannot run in a transaction block; `statement.in_transaction` is false.
struct standalone {
    statement body;
};

using step_body = std::variant<transaction, standalone, std::unique_ptr<task>>;

struct step {
    std::string title;       // "create partition public.orders_2026_12"
    std::string reason = {}; // "premake 3 asks for 2026-12", one line
    std::string object = {}; // what it works on, as shown to people: "public.orders"
    step_body body = transaction{};
    // Indexes of earlier steps of the same plan that must have succeeded; when one did not, this
    // one is skipped and said so.
    std::vector<std::size_t> after = {};
    // Steps of one lane run in order on one session; lanes may run side by side.
    std::string lane = {};
    // The row count of which the statement of this index of a transaction or standalone body tells
    // what was done (-1: none).
    int counts = -1;
    // Whether there is anything to do could not be found out, which the body tells: a refusal.
    bool unknown = false;
};

struct plan {
    std::vector<step> steps;
    // What the planner found and nobody has to act upon: "public.orders: 26 partitions, none
    // missing".
    std::vector<std::string> notes = {};

    bool empty() const noexcept { return steps.empty(); }
    // Appends another plan's steps (their `after` moved along) and notes.
    void append(plan other);
};

} // namespace pgtend::plan
