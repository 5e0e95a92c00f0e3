// SPDX-License-Identifier: Apache-2.0
// The file of check --write-baseline: docs/schemas/check-baseline.json.
#pragma once
#include <string>

#include "model/known_finding.hpp"

namespace pgtend::config {

inline constexpr char baseline_schema[] = "pgtend/check-baseline/1";
constexpr std::size_t longest_baseline = 1'000'000; // bytes

// Throws config_error with its place for a file that cannot be read, is longer, or is something
// else.
model::baseline read_baseline(std::string const &path);

} // namespace pgtend::config
