// SPDX-License-Identifier: Apache-2.0
// What a step means for those who use the database while it runs, from the locks that it takes.
#pragma once
#include <string>
#include <vector>

#include "plan/plan.hpp"

namespace pgtend::plan {

// The statements of a step; of a task those that it repeats.
std::vector<statement> statements_of(step const &what);

// The strongest mode on each relation, strongest first: "ACCESS EXCLUSIVE on "public"."x", ...".
// "" when it locks nothing that is known of.
std::string locks_of(step const &what);

// By the strongest of them and the manual's table of conflicts: "nobody waits",
// "reads and writes go on" (SHARE UPDATE EXCLUSIVE), "reads go on, writes wait" (SHARE to
// EXCLUSIVE), "reads and writes wait" (ACCESS EXCLUSIVE): while it lasts.
std::string_view impact_of(step const &what);

} // namespace pgtend::plan
