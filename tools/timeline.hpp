// SPDX-License-Identifier: Apache-2.0
// A time to come as cells of one character: how it is cut, and its heading. Pure.
#pragma once
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "zone/zone.hpp"

namespace pgtend::tools {

// Bounds of at most `most` cells (at least one) of equal length on the zone's clock, that cover
// [from, until) and begin where the clock is even: the shortest of 5, 10, 15 and 30 minutes, 1, 2,
// 3, 6 and 12 hours, 1, 2, 7, 14 and 28 days. A cell that the zone's clock skips is left out; one
// that it repeats is longer.
std::vector<instant> timeline_cells(instant from, instant until, zone const &in, std::size_t most);
// One line as wide as there are cells: the hour, or for more than two days the day of the month,
// above the cells that begin with it.
std::string timeline_heading(std::vector<instant> const &cells, zone const &in);
// "30 min", "1 day": the length of a cell.
std::string timeline_unit(std::vector<instant> const &cells);
// '.' for nothing, the number up to 9, '+' for more.
char timeline_count(long long number);

} // namespace pgtend::tools
