// SPDX-License-Identifier: Apache-2.0
// Names of time zones, and the directory that holds them.
#pragma once
#include <string>
#include <string_view>

namespace pgtend::zone_names {

// $TZDIR, or /usr/share/zoneinfo.
std::string directory();

// Returns when the name is one that IANA's data base uses and its file is there; else throws
// usage_error as zone::load says.
void require(std::string_view name);

} // namespace pgtend::zone_names
