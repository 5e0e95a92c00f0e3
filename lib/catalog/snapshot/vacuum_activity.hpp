// SPDX-License-Identifier: Apache-2.0
// What vacuum does right now, and what is in its way.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/name.hpp"

namespace pgtend::catalog {

// A vacuum that runs now. What the role may not see is empty.
struct running_vacuum {
    int pid = 0;
    std::string database, oid; // of the table
    qualified_name table;      // empty in another database
    std::string command;       // VACUUM, VACUUM FULL
    std::string phase;         // as pg_stat_progress_vacuum calls it
    std::optional<long long> blocks, scanned, vacuumed, index_rounds;
    std::optional<long long> indexes, indexes_done; // from 17 on
    std::optional<double> memory_used;              // for dead rows: 1 is full
    bool autovacuum = false, against_wraparound = false;
    std::optional<long long> started; // microseconds since 1970
    std::string user;
};

// Who keeps rows from being removed and frozen.
struct horizon_holder {
    std::string kind; // session, prepared, slot, standby
    std::string who;  // process id, gid, slot, application
    std::string database, user, application, state;
    std::optional<long long> since; // microseconds since 1970
    long long age = 0;              // in transactions
    bool only_catalogs = false;     // a logical slot: other tables are free
    std::string query;
};

struct database_age {
    std::string name;
    double age = 0, multixact_age = 0;
};

struct vacuum_activity {
    bool autovacuum = true;
    int max_workers = 3;
    double failsafe_age = 1.6e9, multixact_failsafe_age = 1.6e9;
    bool standby = false;
    std::string role, database;
    bool sees_all = true; // pg_read_all_stats, which pg_monitor has
    long long hidden = 0; // sessions of others that the role may not look at
    std::vector<running_vacuum> running;
    std::vector<horizon_holder> holders; // the oldest first
    std::vector<database_age> databases; // the oldest first
};

} // namespace pgtend::catalog
