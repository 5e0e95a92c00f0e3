// SPDX-License-Identifier: Apache-2.0
// Partitions that are wanted, and what they must be like.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/name.hpp"

namespace pgtend::catalog {

// A partition that somebody wants: its name, in the parent's schema, and its range as text of the
// key's type.
struct new_partition {
    std::string name;
    std::string from, to;
};

// For which partitions of which table facts are needed, beyond the partitioned_table.
struct creation_request {
    std::string table_oid;
    std::vector<new_partition> partitions;
};

struct granted {
    std::string grantee;   // empty: PUBLIC
    std::string privilege; // SELECT ...
    std::string column;    // empty: the table
    bool grantable = false;
};

struct column_setting {
    std::string column;
    std::optional<int> statistics = {};    // SET STATISTICS, when it is not the default
    std::vector<std::string> options = {}; // n_distinct=..., n_distinct_inherited=...
};

// What a new partition must be like, and whether it can be made. In the order of the requests.
struct creation_facts {
    std::string table_oid;
    int server_version = 150000;
    std::string owner;
    bool row_security = false, force_row_security = false;
    char replica_identity = 'd';  // d default, n nothing, f full, i index
    qualified_name replica_index; // the parent's, for 'i'; empty when that index is gone
    std::string
        access_method;      // empty: the server's default (partitioned tables have one from 17 on)
    std::string tablespace; // empty: the server's default
    std::optional<std::string> comment = {};
    bool temporary = false;
    bool excludes = false; // has an exclusion constraint (17 on) or a key WITHOUT OVERLAPS (18 on)
    // Tables that its foreign keys point to, with all partitions of each; itself and its own
    // partitions when one points to itself.
    std::vector<qualified_name> references;
    std::vector<qualified_name> referenced_by; // tables whose foreign keys point to it
    std::vector<column_setting> columns;       // only those with settings
    std::vector<granted> grants;               // on the parent, but for the owner's
    // Whoever default privileges give something on a new table, whichever role makes it. Empty
    // string: PUBLIC.
    std::vector<std::string> default_grantees;

    std::string role;     // who will do the work
    bool is_owner = true; // role == owner
    bool owner_is_superuser = false;
    // Owner, a member that inherits and (from 16 on) may SET ROLE, or superuser.
    bool may_act_as_owner = true;
    bool may_create_in_schema = true; // CREATE on the schema, of the role
    bool owner_may_create =
        true; // of the owner: ALTER ... OWNER TO asks for it, unless the role is a superuser

    // For each requested partition: what has its name in the schema already ("index"), empty when
    // nothing does.
    std::vector<std::string> taken_by;
    // For each requested partition: rows of the default partition that lie in its range; nothing
    // when there is no default partition, or it could not be read (the server then tells by error
    // 23514).
    std::vector<std::optional<long long>> rows_in_default;
    std::vector<qualified_name> default_below = {}; // below a partitioned default partition
    long long default_bytes =
        0; // size of the default partition by the last VACUUM or ANALYZE; ATTACH reads all of it
};

} // namespace pgtend::catalog
