// SPDX-License-Identifier: Apache-2.0
// Reads what a batched change must know of its tables.
#pragma once
#include <string>
#include <vector>

#include "base/name.hpp"
#include "catalog/snapshot/batches.hpp"
#include "pg/session.hpp"

namespace pgtend::catalog {

struct batch_request {
    qualified_name table;
    std::string where; // has passed model::check_condition
};

// In the order of the requests; what does not exist or is no table is told in `found`. Two
// statements for the tables and their indexes, and for each table one EXPLAIN of its condition,
// under the search_path of role and database: it takes ACCESS SHARE on the tables for a moment,
// waits 100 ms at most, and when it fails there is no estimate. `role` is who will do the work (SET
// ROLE), empty for the session's own. Throws error when there is no such role, and what
// session::run throws.
std::vector<batch_target> load_batch_targets(pg::session &s,
                                             std::vector<batch_request> const &requests,
                                             std::string const &role, pg::limits const &limit = {});

} // namespace pgtend::catalog
