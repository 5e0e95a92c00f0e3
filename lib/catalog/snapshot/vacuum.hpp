// SPDX-License-Identifier: Apache-2.0
// What decides whether a table is due for VACUUM or ANALYZE.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/name.hpp"
#include "catalog/snapshot/lookup.hpp"

namespace pgtend::catalog {

// The server's own settings, which storage parameters of a table override.
struct vacuum_settings {
    int server_version = 0;
    double vacuum_threshold = 50, vacuum_scale_factor = 0.2;
    double vacuum_max_threshold = -1;                          // from 18 on; -1: none
    double insert_threshold = 1000, insert_scale_factor = 0.2; // threshold -1: inserts do not count
    double analyze_threshold = 50, analyze_scale_factor = 0.1;
    double freeze_max_age = 200e6, multixact_freeze_max_age = 400e6;
    bool track_counts = true; // off: the server counts nothing, and nothing can be due but freezing
    bool autovacuum = true;   // off: it works against wraparound only
};

// One relation that VACUUM or ANALYZE may be given.
struct vacuum_table {
    std::string oid;
    qualified_name name;
    char kind = 'r';        // r table or partition, m materialized view, p partitioned table
    std::string parent;     // OID of the partitioned table directly above it; empty: none
    bool system = false;    // of pg_catalog or information_schema
    bool inherited = false; // other tables inherit from this one, which is not partitioned
    double reltuples = -1;  // -1: never counted
    double pages = 0, frozen_pages = 0;          // frozen_pages: from 18 on
    double dead = 0, modified = 0, inserted = 0; // rows since the last vacuum or analyze
    std::string
        toast; // the TOAST table, of schema pg_toast; empty: none. The same VACUUM treats it
    double toast_reltuples = 0, toast_pages = 0, toast_frozen_pages = 0;
    double toast_dead = 0, toast_inserted = 0;
    double age = 0,
           multixact_age = 0; // of relfrozenxid and relminmxid, the older of it and its TOAST table
    // By hand or by autovacuum; microseconds since 1970.
    std::optional<long long> last_vacuum = {}, last_analyze = {};
    std::optional<long long> last_autovacuum = {}, last_autoanalyze = {}; // by autovacuum
    std::vector<std::string> options; // reloptions, those of its TOAST table as "toast.name=value"
    bool may = true;       // owner of it or of the database, superuser; from 17 on also MAINTAIN
    bool may_alter = true; // its owner, a member that inherits, superuser
    std::string owner;
    bool owner_is_superuser = false;
};

struct vacuum_snapshot {
    vacuum_settings settings;
    std::string role;
    std::vector<lookup> asked; // empty: every table that may be due
    // The tables asked for and all below them, or (nothing asked) whatever has changed rows or old
    // ones; never temporary ones.
    std::vector<vacuum_table> tables;
};

} // namespace pgtend::catalog
