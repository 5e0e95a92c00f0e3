// SPDX-License-Identifier: Apache-2.0
// Partitioned tables and the ranges of their partitions.
#pragma once
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "base/name.hpp"
#include "catalog/snapshot/lookup.hpp"

namespace pgtend::catalog {

// Microseconds since 1970-01-01 00:00: of UTC for timestamps with time zone, of the clock on the
// wall for timestamps without and for dates.
using time_point = std::int64_t;
inline constexpr time_point before_all =
    std::numeric_limits<time_point>::min(); // MINVALUE, -infinity
inline constexpr time_point after_all =
    std::numeric_limits<time_point>::max(); // MAXVALUE, infinity

struct time_range {
    time_point from = before_all; // inclusive
    time_point to = after_all;    // exclusive
    bool operator==(time_range const &) const = default;
};

struct attached_partition {
    std::string oid;
    qualified_name name;
    bool is_default = false;
    // A DETACH ... CONCURRENTLY that did not end: its rows are invisible through the parent, its
    // range cannot be used again until ALTER TABLE ... DETACH PARTITION ... FINALIZE.
    bool pending_detach = false;
    // Of a range over one column of a time type; nothing for others and for the default partition.
    std::optional<time_range> range;
};

struct partitioned_table {
    lookup found;
    char strategy = 'r'; // r range, l list, h hash
    // The key's columns, empty for an expression; and the whole key: "RANGE (created_at)".
    std::vector<std::string> key;
    std::string key_definition;
    // Of the first key column, domains looked through: "timestamp with time zone"; empty for an
    // expression.
    std::string key_type;
    std::vector<attached_partition> partitions; // in no order
};

// A partition, at any depth, that lacks the row level security of its table: whoever may read it
// by its own name sees every row.
struct unprotected_partition {
    std::string oid;
    qualified_name table, partition;
    qualified_name protector; // a table above it that has what it lacks
    bool enable = false;      // it is not on
    bool force = false;       // it does not bind the owner, and should
    bool may = true;          // the role that works may change it
    std::string owner, role;
    bool owner_is_superuser = false;
};

} // namespace pgtend::catalog
