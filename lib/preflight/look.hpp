// SPDX-License-Identifier: Apache-2.0
// Can each job of a file work at all, on this database, as it is now? Nothing of a job is run.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "model/configuration.hpp"
#include "pg/session.hpp"
#include "preflight/finding.hpp"

namespace pgtend::preflight {

struct environment {
    instant now{};
    bool transaction_pooler = false;
    pg::limits limit = {}; // of each question
};

struct verdict_of_job {
    std::string job;
    std::string_view kind;
    // "works", "doubtful" (warnings), "fails" (errors), "unknown" (not all could be looked at, and
    // nothing worse is known), "disabled" (not looked at).
    std::string_view verdict;
    std::optional<long long> rows = {}; // that it would change now, by the planner's estimate
};

struct report {
    std::vector<finding> findings; // in the order of the jobs
    std::vector<unknown> unknowns;
    std::vector<verdict_of_job> jobs; // in the order of the file
};

// Of all.jobs. First each job is planned as it would be for its run, which reads catalogs; then all
// are looked at in one READ ONLY transaction that waits for a lock 50 ms at most and keeps none
// longer than a question: ROW EXCLUSIVE on the tables that a job changes. Statements are parsed and
// explained, never executed; planning calls immutable functions, as that of a run does. What could
// not be seen is an unknown. Throws what ends the session.
report look(pg::session &s, model::configuration const &all, environment const &around);

} // namespace pgtend::preflight
