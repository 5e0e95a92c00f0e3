// SPDX-License-Identifier: Apache-2.0
// Declared storage parameters: reads what the planners of vacuum/parameters.hpp need, and plans.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "base/name.hpp"
#include "model/storage_parameter.hpp"
#include "pg/session.hpp"
#include "plan/plan.hpp"

namespace pgtend::jobs {

struct parameter_planning {
    pg::session &session;
    std::string role = {}; // who will do the work; empty: the session's own
    pg::limits limit = {}; // of each statement that reads a catalog
    bool force = false;    // also what somebody changed since
    // Whether all is as declared is to be known: what somebody changed since is a step that fails
    // and no note, and so is everything where the ledger may not be used, which else is thrown.
    bool certain = false;
    // Of declared ones only these and what is below them; empty: all.
    std::vector<qualified_name> only = {};
};

// What the ledger has; where the role may not use it, another session keeps it locked, or its
// version is another one, `problem` says so and nothing is thrown.
model::parameter_ledger known_parameters(pg::session &s, pg::limits const &limit);

// What makes them true: vacuum::plan_parameters. A plan without steps: they all are. Throws what
// the loaders throw.
plan::plan plan_declared_parameters(std::span<model::autovacuum_policy const> policies,
                                    parameter_planning const &with);

// What puts back what was there before, of these tables and all below them; of all when none is
// named: vacuum::plan_parameters_back.
plan::plan plan_parameters_back(std::vector<qualified_name> const &tables,
                                parameter_planning const &with);

} // namespace pgtend::jobs
