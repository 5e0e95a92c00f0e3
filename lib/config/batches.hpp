// SPDX-License-Identifier: Apache-2.0
// What the actions that work in batches have in common: tables with their conditions, and the pace.
#pragma once
#include "config/reader.hpp"
#include "model/action.hpp"

namespace pgtend::config {

// True when exactly one of the two keys is meant; notes the other cases at the map.
bool require_one_of(reader &r, node const &map, map_result const &result, std::string_view what,
                    std::string_view first, std::string_view second);

} // namespace pgtend::config
