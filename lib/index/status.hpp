// SPDX-License-Identifier: Apache-2.0
// What is wrong with the indexes that there are. Pure.
#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "catalog/snapshot/indexes.hpp"
#include "model/index_policy.hpp"

namespace pgtend::index {

enum class finding_kind {
    missing,     // declared, and not there or not whole
    different,   // declared, and something else has the name
    unknown,     // declared, and could not be compared
    invalid,     // serves nobody, and every write pays for it
    leftover,    // what a REINDEX or DROP CONCURRENTLY left when it was interrupted
    duplicate,   // equal to another one
    redundant,   // another one begins with the same keys
    unused,      // never scanned
    foreign_key, // a foreign key without an index: each delete of what it refers to reads the table
};
std::string_view name(finding_kind kind); // "foreign_key"

struct finding {
    finding_kind kind;
    std::string index; // as shown to people; of a foreign key its name
    std::string table;
    int partitions = 0;  // of a partitioned index: how many indexes it has
    long long bytes = 0; // of all of them, by the last VACUUM or ANALYZE
    std::string why;
    std::string remedy; // a command or a statement; empty: for a person to decide
};

struct examination {
    std::vector<finding> findings; // by kind, table, name
    long long indexes = 0;         // that were looked at; a partitioned one counts once
    std::vector<std::string> notes;
    // What it needs to tell whether there are findings of that kind beside.
    std::vector<std::pair<finding_kind, std::string>> unseen;
};

// A partitioned index is one object, with the scans and bytes of all that are attached to it.
//
// duplicate and redundant: see superfluous_among().
// unused: not unique and not empty, when scans were counted for `unused_after` or longer. Each
// server counts its own: a standby's scans are not seen on the primary.
// foreign_key: no valid btree or hash index whose first keys are the key's columns, in any order,
// without a WHERE other than that one of them is not null.
examination examine(catalog::index_overview const &all, instant now, microseconds unused_after);

// The declared ones that are not there as declared.
std::vector<finding> compare(std::vector<model::index_policy> const &declared,
                             catalog::index_snapshot const &found);

} // namespace pgtend::index
