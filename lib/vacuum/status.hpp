// SPDX-License-Identifier: Apache-2.0
// What of vacuum needs somebody: who holds it up, how near wraparound is, what is due. Pure.
#pragma once
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "catalog/snapshot/vacuum.hpp"
#include "catalog/snapshot/vacuum_activity.hpp"
#include "vacuum/need.hpp"

namespace pgtend::vacuum {

// Beyond these somebody is to be told.
struct status_limits {
    microseconds holder_age = std::chrono::hours{1}; // of a transaction, a prepared one, a slot
    long long holder_transactions = 10'000'000;      // that began since
    // Autovacuum comes for a table at autovacuum_freeze_max_age, so that this age itself is no
    // trouble; beyond so many times it does not get through.
    double overdue = 1.1;
    std::size_t tables = 10; // told at most, of each list
};

// What is wrong. `kind` is part of the interface.
struct finding {
    std::string kind; // horizon, unseen, wraparound_database, wraparound_table
    std::string object;
    std::string message;
    std::string hint;
};

struct held {
    catalog::horizon_holder holder;
    bool too_old = false;
    std::string what_to_do; // a statement or words; always there
};

struct aged {
    std::string name; // a table of this database, or a database
    double age = 0, limit = 0;
    double multixact_age = 0, multixact_limit = 0;
    double times = 0; // of the limit, the worse of both
};

struct due_table {
    qualified_name table;
    need how_much;
    bool autovacuum = true; // false: switched off for this table
};

struct status {
    std::vector<held> holders;   // the oldest first
    std::vector<aged> databases; // the oldest first
    std::vector<aged> tables;    // of this database, nearest to their limits first
    std::vector<due_table> due;  // most needed first
    std::size_t due_in_all = 0;
    std::vector<finding> findings;
    std::vector<std::string> notes; // what could not be seen, and what is merely to be known
};

// Of one database, and of what the server tells of the others. Tables younger than 50,000,000
// transactions may be missing among the old ones (catalog::load_vacuum_tables without names).
status status_of(catalog::vacuum_activity const &now_running,
                 catalog::vacuum_snapshot const &tables, status_limits const &limits, instant now);

// "scanning heap, 45 %"; "not visible" when the role may not see it.
std::string progress_of(catalog::running_vacuum const &one);

} // namespace pgtend::vacuum
