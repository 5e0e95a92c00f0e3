// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

#include "model/known_finding.hpp"

namespace pgtend::tools {

// docs/schemas/check-baseline.json: a line for each finding, in the order of their keys, so that a
// change of the file shows what changed.
std::string text_of(model::baseline const &all);

// In place of the file, in one step: nobody ever sees a part of it, and when it cannot be written
// the old one stays. Throws error when it cannot, or when it is longer than config::read_baseline
// reads.
void write_baseline(std::string const &path, model::baseline const &all);

} // namespace pgtend::tools
