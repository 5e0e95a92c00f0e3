// SPDX-License-Identifier: Apache-2.0
// Counting what lies in a default partition.
#pragma once
#include <string>
#include <vector>

#include "catalog/snapshot/creation.hpp"
#include "pg/session.hpp"

namespace pgtend::catalog {

// As the server quotes them.
struct default_part {
    std::string relation; // after ONLY, unless it is partitioned itself
    std::string key, key_type;
};

// Of a row of catalog_creation.sql whose table has a default partition.
default_part default_part_of(rows const &found, std::size_t row);

// Rows of it in each range of the request, in one pass; ACCESS SHARE on it.
std::vector<long long> count_in_ranges(pg::session &s, default_part const &of,
                                       creation_request const &request, pg::limits const &limit);

} // namespace pgtend::catalog
