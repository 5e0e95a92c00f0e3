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

// Creates or upgrades the schema pgtend; safe to repeat, and from twenty sessions at once: each
// migration is one transaction under a transaction-level advisory lock (of this database, number
// init_lock). Needs CREATE on the database, or a schema pgtend of its own that exists already. What
// default privileges would give others on the new tables is taken back. Throws usage_error when the
// ledger is newer than this program, when test_clock is asked for one that was made without, or
// when a privilege is missing; connect_error on a standby.
init_result init(pg::session &s, init_options const &options, clock &time,
                 random_source const &random);
inline constexpr long long init_lock = 7'018'143'922'681; // any number that nobody else has chosen
// Drops the schema and everything in it, and what others built upon it. True when there was one.
// Waits at most 5 s for a lock. Throws error with exit_code::held, naming a job and its holder,
// while a run holds a lease or its backend still works.
bool remove(pg::session &s);
// Notes that this database is the one to work on (after a restore or a copy).
void adopt(pg::session &s);
// The GRANT statements of the smallest role that may run jobs, for the role's name; what the jobs'
// own tables need is a comment. Runs in psql. Throws what quote_ident() throws.
std::string grants(std::string_view role);

} // namespace pgtend::ledger
