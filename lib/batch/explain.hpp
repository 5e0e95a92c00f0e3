// SPDX-License-Identifier: Apache-2.0
// What a batch must know of a plan: the little that is read of EXPLAIN (FORMAT JSON).
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/name.hpp"

namespace pgtend::batch {

struct plan_node {
    std::string type;        // "Seq Scan", "Bitmap Index Scan" ...
    qualified_name relation; // schema only with VERBOSE
    std::string index;       // "Index Name"
    double rows = 0;         // "Plan Rows"
};

// The nodes in the order of the text: each before those below it, the outer input before the inner.
// Throws error when it is not a JSON text of a plan.
std::vector<plan_node> nodes_of(std::string_view json);

// Are the rows of this relation read in the wanted order, so that the statement may stop early?
// True when nothing between the top and the scan of the relation gathers all rows first (Sort,
// Hash, Aggregate ...).
bool reads_in_order(std::vector<plan_node> const &nodes, std::string_view relation);

// The names of the indexes that the plan uses.
std::vector<std::string> indexes_of(std::vector<plan_node> const &nodes);

} // namespace pgtend::batch
