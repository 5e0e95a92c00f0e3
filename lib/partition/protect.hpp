// SPDX-License-Identifier: Apache-2.0
// Plans the row level security of partitions that lack it.
#pragma once
#include <vector>

#include "catalog/snapshot/partitions.hpp"
#include "plan/plan.hpp"

namespace pgtend::partition {

// One step, one transaction a partition: ENABLE, FORCE or both, as its table has them; never less.
// Access through the table stays as it is, because there the table's own policies hold; who reads
// the partition by its own name is refused, unless it has policies. Lock: ACCESS EXCLUSIVE on the
// partition; under it a partition that was detached meanwhile, or renamed, is left as it is. Where
// the role may not, the step fails and says what gives the right.
plan::plan plan_protection(std::vector<catalog::unprotected_partition> const &found);

} // namespace pgtend::partition
