// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <string>

#include "base/name.hpp"
#include "plan/task.hpp"

namespace pgtend::index {

// Asks whether the index of a partitioned table is valid. Fails, naming partitions without an index
// of it, when it is not: one came while the index was made, or its index was lost.
std::unique_ptr<plan::task> validity_check(qualified_name const &index, qualified_name const &table,
                                           std::string const &table_oid);

} // namespace pgtend::index
