// SPDX-License-Identifier: Apache-2.0
// The periods of a partitioned table as characters, for a terminal without colour.
#pragma once
#include <string>
#include <vector>

#include "partition/status.hpp"

namespace pgtend::tools {

// One character a period: # present, . missing, + planned, ~ held by a detach that did not end,
// / covered in part; a | stands before that of now. Whole groups ("2026 ########|###+") in lines of
// at most `width` characters, unless one alone is longer: that of now, later ones up to two thirds
// of `most` periods, earlier ones up to `most`; those left out are counted. Nothing when there are
// no periods.
std::vector<std::string> strip_of(std::vector<partition::period> const &periods, std::size_t width,
                                  std::size_t most = 180);

// What the characters mean, those that are used.
std::string legend_of(std::vector<std::string> const &strips);

} // namespace pgtend::tools
