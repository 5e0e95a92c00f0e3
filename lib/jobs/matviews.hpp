// SPDX-License-Identifier: Apache-2.0
// The declared materialized views of a file: what creates them, and how they are.
#pragma once
#include <vector>

#include "jobs/kinds.hpp"
#include "matview/status.hpp"
#include "model/configuration.hpp"

namespace pgtend::jobs {

// The plan that makes these views true (matview::plan_declared).
plan::plan create_matviews(std::vector<model::matview_policy> const &policies, planning const &with,
                           bool certain = false);

// The status of these views; no names: of every one of the database, and of those that the file
// declares. `file`: the jobs and views of one target. The ages come from the history in the ledger;
// where that cannot be read, each says why. Throws what the session throws.
std::vector<matview::view_status> survey_matviews(std::vector<qualified_name> const &names,
                                                  model::configuration const &file,
                                                  planning const &with);

} // namespace pgtend::jobs
