// SPDX-License-Identifier: Apache-2.0
// Looks at one change of rows in batches: the statement that the job would send, parsed and
// planned, and what its rows would meet.
#pragma once
#include "catalog/snapshot/batches.hpp"
#include "model/job.hpp"
#include "preflight/asking.hpp"
#include "preflight/outbox.hpp"

namespace pgtend::preflight {

struct change_request {
    model::job const &job;
    model::selection const &rows;
    std::vector<model::assignment> const &set; // empty: the rows are deleted
    catalog::batch_target const &target;       // usable
};

// Throws what ends the session.
void read_change(asking &with, change_request const &what, outbox &out);

} // namespace pgtend::preflight
