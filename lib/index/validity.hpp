// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <string>

#include "index/definition.hpp"
#include "plan/task.hpp"

namespace pgtend::index {

// Asks whether the index of a partitioned table is valid. Fails, naming partitions without an index
// of it, when it is not: one came while the index was made, or its index was lost. Fails also when
// it is another one of that name, which somebody made meanwhile.
std::unique_ptr<plan::task> validity_check(building const &what);

} // namespace pgtend::index
