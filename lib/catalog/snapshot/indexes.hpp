// SPDX-License-Identifier: Apache-2.0
// Indexes and their tables, and what the server makes of declared ones.
#pragma once
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/name.hpp"
#include "catalog/snapshot/lookup.hpp"

namespace pgtend::catalog {

// One index, a partitioned one too.
struct table_index {
    std::string oid;
    qualified_name name;
    qualified_name table;
    std::string table_oid;
    bool partitioned = false; // of a partitioned table: it has no rows itself
    bool of_matview = false;
    std::string parent; // OID of the partitioned index that it is attached to; empty: none
    // What the server makes of it, from USING on, all names qualified: equal texts are equal
    // indexes, but for `unique` and the tablespace. Other texts may mean the same. Empty, and the
    // keys without their expressions, when it is not `printed`.
    std::string definition;
    bool printed = true; // false: it is locked, or no other index of the table begins alike
    // Who holds or awaits an ACCESS EXCLUSIVE lock on the table, behind whom printing would wait:
    // "pid 12, pid 34".
    std::string locked_by;
    std::string method; // "btree"
    bool unique = false;
    bool valid = true;
    bool live = true;      // false: its DROP ... CONCURRENTLY was begun, it can only be dropped
    bool immediate = true; // false: it backs a deferrable constraint
    bool exclusion = false;
    bool replica_identity = false, clustered = false;
    std::string constraint; // that it backs; empty: none
    std::string referring;  // a foreign key that relies on it, not by a constraint; empty: none
    std::vector<std::string> keys; // each with its operator class, collation and order
    std::vector<int> key_columns;  // numbers of the key's columns, 0 for an expression
    std::vector<int> included;     // numbers of the columns of INCLUDE
    bool partial = false;
    std::string tablespace;
    double pages = 0; // of 8 kB, by the last VACUUM or ANALYZE
    long long scans = 0;
    bool building = false; // some session is known to build an index of this table now
    bool working = false;  // of an invalid one: somebody holds the lock of such a build
};

// A table that indexes are wanted on, or a partition of one.
struct index_table {
    std::string oid;
    qualified_name name;
    char kind = 'r';    // r table, p partitioned table, m materialized view, f foreign table
    std::string parent; // OID of the partitioned table directly above it; empty: none
    bool temporary = false;
    bool may = true;        // owner, member of it or superuser
    bool may_create = true; // CREATE on the schema
    std::string owner;
    bool owner_is_superuser = false;
};

// An index that somebody declares.
struct index_request {
    qualified_name table;
    std::string name;    // of the index, in the schema of its table
    std::string written; // from USING on, without a tablespace
    bool unique = false;
    // The same as the server prints it, where that is certain without asking: an index of the table
    // that is printed so is the one. Empty: it is not.
    std::string plain = {};
};

struct wanted_index {
    lookup found;           // the table
    std::string definition; // as of table_index: what the server makes of what was written
    // The same as the server prints it of an index that was built from what it printed: casts may
    // differ.
    std::vector<std::string> also;
    // Why the server does not take the definition, or why it could not be asked; empty: it does.
    std::string problem, hint, sqlstate;
    // What has the name already, when that is not an index of this table: "table", "index of
    // public.x"
    std::string taken_by;
    bool unasked = false; // the problem is not of the definition: it could not be looked at

    // Whether an index with this definition is the one that was written.
    bool is(std::string const &other) const;
};

struct index_snapshot {
    int server_version = 0;
    std::string role;                 // who will do the work
    std::vector<wanted_index> wanted; // in the order of the request
    std::vector<index_table> tables;  // those wanted, and all partitions below them
    // Of these tables, without what is attached to an index that nobody asked for; of the tables
    // wanted, all.
    std::vector<table_index> indexes;
    std::set<qualified_name> taken; // of the names that load_taken_names() was asked for
};

// An index that somebody named, to drop it.
struct named_index {
    lookup found;
    std::optional<table_index> index;   // when it is usable
    std::vector<qualified_name> tables; // its table, and those of the indexes attached to it
    bool may = true;                    // owner of its table, member of it or superuser
    std::string owner;
    bool owner_is_superuser = false;
    std::string role;        // who will do the work
    qualified_name attached; // the partitioned index that it is attached to; empty: none
    // Of a materialized view, and without it and the others named no index is left that REFRESH ...
    // CONCURRENTLY could use.
    bool last_for_refresh = false;
};

struct foreign_key {
    std::string name;
    qualified_name table;
    std::string table_oid;
    std::vector<int> columns;
    std::vector<std::string> column_names;
};

// What there is, for judging it as a whole.
struct index_overview {
    std::vector<table_index> indexes; // ordered by table and name
    std::vector<foreign_key> foreign_keys;
    // Since when scans are counted, microseconds since 1970, at the earliest: a database may be
    // younger. Nothing: unknown.
    std::optional<long long> counted_since = {};
};

} // namespace pgtend::catalog
