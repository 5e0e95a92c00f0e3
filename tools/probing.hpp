// SPDX-License-Identifier: Apache-2.0
// What probes need, from a command's surroundings.
#pragma once
#include "check/evidence.hpp"
#include "tools/context.hpp"

namespace pgtend::tools {

// Adds the probes and objectives that the file declares, and what looks at them. All three must
// outlive it.
void add_probing(check::sources &to, context &c, context::control &control,
                 pg::limits const &limit);

} // namespace pgtend::tools
