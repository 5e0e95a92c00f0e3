// SPDX-License-Identifier: Apache-2.0
// What is read before the work of a job begins.
#pragma once
#include <string>
#include <vector>

#include "jobs/kinds.hpp"
#include "model/configuration.hpp"
#include "pg/session.hpp"
#include "plan/plan.hpp"

namespace pgtend::jobs {

struct prepared {
    plan::plan work;
    std::vector<std::string> warnings; // for the run's output
};

struct preparing {
    bool outside = false; // of transactions
    bool transaction_pooler = false;
    further_sources further = {}; // for jobs of the kind check
};

// Plans the work. Reads the catalogs under an empty search_path, but behind a pooler, where setting
// it would reach other clients. Warns of schemas in the search_path of the job's own SQL in which
// other roles may create what it then calls, and, `outside` of transactions, of indexes that a
// CONCURRENTLY left invalid. `now`: this host's time. Throws what the session throws, and error
// when the work cannot be planned.
prepared prepare(model::job const &job, model::configuration const &all, pg::session &session,
                 instant now, pg::limits const &limit, preparing const &how);

} // namespace pgtend::jobs
