// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <vector>

#include "plan/plan.hpp"

namespace pgtend::engine {

// The lane of each step, numbered from 0 in the order of their first steps: the plan's own lanes,
// those joined whose steps declare locks that conflict with each other and would make one of them
// wait (partitions of two tables that share a referenced table both lock that one). Side by side
// they would only get into each other's way.
std::vector<std::size_t> lanes_of(plan::plan const &work);

} // namespace pgtend::engine
