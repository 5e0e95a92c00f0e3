// SPDX-License-Identifier: Apache-2.0
// How renderers for people show a cell: numbers with groups, times humanized, nothing that a
// terminal would take for an order.
#pragma once
#include <string>

#include "report/document.hpp"

namespace pgtend::report {

std::string shown(cell const &c);

} // namespace pgtend::report
