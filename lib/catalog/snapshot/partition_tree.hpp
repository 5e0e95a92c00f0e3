// SPDX-License-Identifier: Apache-2.0
// What is below a partitioned table, for comparing each relation with its parent.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/name.hpp"
#include "catalog/snapshot/creation.hpp"

namespace pgtend::catalog {

// An index of a partitioned table, which its partitions' indexes are attached to.
struct tree_index {
    std::string oid, name;
    bool is_replica_identity = false;
};

// A row trigger that a user made.
struct tree_trigger {
    std::string oid;
    std::string parent_oid; // that of the parent which it came from; "0": its own
    char enabled = 'O';     // O origin, D disabled, R replica, A always
    std::string name;
};

// One relation of the tree below a partitioned table, or that table itself (then `parent` is
// empty): what a partition should have as its parent has it.
struct tree_relation {
    std::string root, parent, oid;
    qualified_name name;
    char kind = 'r'; // r table, p partitioned table, f foreign table
    bool pending_detach = false;
    char persistence = 'p'; // p permanent, u unlogged, t temporary
    std::string owner;
    // Of the table at the top also those of what is above it.
    bool row_security = false, force_row_security = false;
    char replica_identity = 'd';           // as creation_facts has it
    std::string access_method, tablespace; // empty: the default
    std::vector<std::string> options; // reloptions, those of its TOAST table as "toast.name=value"
    bool has_toast = false;
    double row_estimate = -1;           // of the last VACUUM or ANALYZE; -1: there was none
    std::optional<long long> live_rows; // by the server's counters; nothing: it counted nothing
    long long indexes = 0;
    std::vector<std::string> attached_to; // OIDs of the parent's indexes that have one of its own
    std::string replica_of;               // OID of the parent's index of its replica identity
    std::vector<std::string> invalid;     // names of invalid indexes
    std::vector<tree_index> own_indexes;  // only of a partitioned table
    std::vector<tree_trigger> triggers;
    std::vector<granted> grants;       // but for the owner's; the privilege with its column
    std::vector<std::string> policies; // command, permissive, for whom, name: "* true {0} mine"
    std::vector<qualified_name> above; // of the table at the top: those it is a partition of
};

} // namespace pgtend::catalog
