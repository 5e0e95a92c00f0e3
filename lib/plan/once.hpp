// SPDX-License-Identifier: Apache-2.0
// A task of one statement, whose answer says what was done. The row count alone needs no task: see
// step::counts.
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "plan/task.hpp"

namespace pgtend::plan {

struct once_request {
    std::string title; // see description::title
    statement body;
    // What it answered; when it is called, the tally has one batch and nothing else.
    std::function<void(rows const &, tally &)> told;
};

// Its next() throws error when the statement failed.
std::unique_ptr<task> once(once_request of);

} // namespace pgtend::plan
