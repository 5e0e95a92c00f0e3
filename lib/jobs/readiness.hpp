// SPDX-License-Identifier: Apache-2.0
// What readiness checks look at that is no query of theirs: the file against the database, its
// schedule, and the ledger.
#pragma once
#include <optional>
#include <string>

#include "check/evidence.hpp"
#include "model/configuration.hpp"
#include "pg/session.hpp"

namespace pgtend::jobs {

struct readiness_request {
    pg::session &session;
    // With the jobs of one target; nullptr: there is no file. Lives as long as what is returned.
    model::configuration const *file = nullptr;
    instant now{};                               // the server's time
    microseconds clock_skew{0};                  // this host's clock minus the server's
    std::optional<std::string> search_path = {}; // of SQL that the file declares
    bool transaction_pooler = false;
    pg::limits limit = {}; // of each question
};

// Each is read when it is asked for, and may throw what the session throws. Never writes.
check::sources readiness_sources(readiness_request const &ask);

// Schedules, and the ledger's rows of the jobs. A ledger that is not there, is of
// another version, or may not be read is told in no_ledger.
check::job_facts read_job_facts(readiness_request const &ask);

} // namespace pgtend::jobs
