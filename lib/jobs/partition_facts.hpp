// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <vector>

#include "base/clock.hpp"
#include "base/name.hpp"
#include "model/partition_policy.hpp"
#include "partition/status.hpp"
#include "pg/session.hpp"

namespace pgtend::jobs {

// What the status of partitioned tables is judged by: of these; of those that have a policy, when
// `of_policies`; else of all. In one REPEATABLE READ transaction; reads catalogs only.
std::vector<partition::table_facts>
read_partition_facts(pg::session &s, std::vector<qualified_name> names,
                     std::vector<model::partition_policy> const &policies, bool of_policies,
                     instant now, pg::limits const &limit);

} // namespace pgtend::jobs
