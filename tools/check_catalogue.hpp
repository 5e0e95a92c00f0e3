// SPDX-License-Identifier: Apache-2.0
// How check shows its catalogue.
#pragma once
#include <vector>

#include "check/rule.hpp"
#include "tools/context.hpp"

namespace pgtend::tools {

void list(context &c, std::vector<check::rule const *> const &rules);
void explain(context &c, check::rule const &of);

} // namespace pgtend::tools
