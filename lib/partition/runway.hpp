// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

#include "partition/status.hpp"

namespace pgtend::partition {

// The part of a status that is about time: runway, holes, periods, and what is wrong with them. A
// table that is not partitioned by time gets a note, one that does not fit its policy a finding.
void judge_time(table_facts const &of, std::string const &zone, instant now, table_status &into);

} // namespace pgtend::partition
