// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

#include "base/backoff.hpp"
#include "base/clock.hpp"
#include "pg/session.hpp"

namespace pgtend::ledger {

struct init_result {
    int from_version = 0; // 0: there was none
    int to_version = 0;
    std::vector<std::string> applied; // names of the migrations
};

struct init_options {
    bool test_clock = false; // the ledger accepts `tick --now`; cannot be set on an existing ledger
};

// Creates or upgrades the schema pgtend; safe to repeat, and from twenty sessions at once. Each migration is one transaction.
// Throws usage_error when the ledger is newer than this program.
init_result init(pg::session &s, init_options const &options, clock &time, random_source const &random);
// Drops the schema and everything in it. True when there was one. Refuses (error) while a run holds a lease.
bool remove(pg::session &s);
// Notes that this database is the one to work on (after a restore or a copy).
void adopt(pg::session &s);
// The GRANT statements of the smallest role that may run jobs, for the role's name; what the jobs' own tables need is a comment.
std::string grants(std::string_view role);

} // namespace pgtend::ledger
