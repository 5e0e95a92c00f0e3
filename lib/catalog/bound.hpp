// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include "catalog/snapshot/partitions.hpp"

namespace pgtend::catalog {

// Reads pg_class.relpartbound::text, the tree of nodes that PostgreSQL stores: unlike pg_get_expr()
// that needs no lock on the partition, which somebody may hold in ACCESS EXCLUSIVE mode, and it
// costs a tenth. The tree is the same in 14 to 18 (run) on little-endian servers. Nothing when it
// is not a range over one column of a time type, or was not understood. The constants of a key of a
// domain have the domain's OID: then `key_type`, as format_type() names the type below it, tells
// what they are.
std::optional<time_range> range_of_tree(std::string_view tree, std::string_view key_type = {});

// The same of what pg_get_expr() prints under TimeZone UTC and DateStyle ISO:
// "FOR VALUES FROM ('2025-01-01 00:00:00+00') TO (MAXVALUE)".
std::optional<time_range> range_of_text(std::string_view text);

// A time as the server prints it under DateStyle ISO: "2025-01-01 00:00:00+00", "2025-01-01",
// "0044-03-15 BC", "infinity". Years beyond what a time_point holds become before_all or after_all.
// Nothing for anything else.
std::optional<time_point> parse_time(std::string_view text);

} // namespace pgtend::catalog
