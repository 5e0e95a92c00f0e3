// SPDX-License-Identifier: Apache-2.0
// What a change in batches must know of its tables.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/name.hpp"
#include "catalog/snapshot/lookup.hpp"

namespace pgtend::catalog {

// A column in whose order rows can be walked: its type's text form means the same value again.
struct walk_column {
    std::string name;
    std::string type; // as a cast takes it: "timestamp with time zone"
    bool not_null = false;
};

// A valid btree index; of its key columns those that can be walked, in their order.
struct walk_index {
    std::string name;
    std::vector<walk_column> columns;
};

// A table that holds rows: a plain one, or one of those below a partitioned or inherited one.
struct leaf_table {
    std::string oid;
    qualified_name name;
    bool foreign = false;
    std::vector<walk_index> indexes;
    // Triggers of users for deletes, for updates; BEFORE ... FOR EACH ROW, which may keep a row.
    bool fires_on_delete = false, fires_on_update = false;
    bool keeps_deleted = false, keeps_updated = false;
};

// What would not happen, or happen in another way, when leaves are changed directly.
struct batch_obstacle {
    enum class kind {
        statement_trigger, // of a table above leaves: theirs fire, this one would not
        rule,              // of the table or of a leaf
    };
    kind what;
    qualified_name table;
    std::string name;
    bool of_deletes; // otherwise of updates
};

// A foreign key of a table to itself that refuses to delete a row that another one refers to.
struct self_reference {
    struct pair {
        std::string column, referenced;
        qualified_name equals; // the key's own operator: referenced equals column
    };
    std::string constraint;
    std::vector<pair> columns;
};

struct batch_target {
    lookup found;
    std::vector<leaf_table> leaves; // in the order of their names; the table itself when it is one
    // Partitions whose DETACH ... CONCURRENTLY did not end: their rows are invisible through the
    // table.
    std::vector<qualified_name> detaching;
    std::vector<batch_obstacle> obstacles = {};
    std::vector<self_reference> self_references = {};
    // Rows that match, by the planner's estimate; nothing when it could not be asked.
    std::optional<long long> estimated_rows = {};
};

} // namespace pgtend::catalog
