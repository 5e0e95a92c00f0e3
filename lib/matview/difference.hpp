// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

#include "catalog/snapshot/matviews.hpp"

namespace pgtend::matview {

// In what a view is not as declared, for people, one line each: its columns; where those are the
// same, the first line of the queries, as the server prints them, that differs. Empty when nothing
// differs.
std::vector<std::string> differences(catalog::view_definition const &existing,
                                     catalog::view_definition const &declared);

} // namespace pgtend::matview
