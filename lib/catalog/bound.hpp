// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string_view>

#include "catalog/snapshot.hpp"

namespace pgtend::catalog {

// Reads what pg_get_expr(relpartbound) prints into is_default, from and to:
// "FOR VALUES FROM ('2025-01-01 00:00:00+00') TO (MAXVALUE)", "DEFAULT". Bounds of several columns,
// of lists and of hashes are left NULL.
void read_bound(std::string_view text, attached_partition &into);

} // namespace pgtend::catalog
