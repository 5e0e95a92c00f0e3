// SPDX-License-Identifier: Apache-2.0
// Findings from facts. Pure.
#pragma once
#include <vector>

#include "preflight/facts.hpp"
#include "preflight/finding.hpp"

namespace pgtend::preflight {

// A table of fewer rows may be read as a whole, or for each deleted row.
inline constexpr double large_table = 100'000;
inline constexpr long long large_reference = 1'000;

// What mends it when policies hide rows.
inline constexpr char sees_all_rows[] = "role: the owner of the table, or a role with BYPASSRLS";
inline constexpr char leaves_hidden_rows[] = "row_security: true, to leave the hidden rows alone";

std::vector<finding> judge(change_facts const &facts);

// The kind of finding that an error of the server is, and a note of what mends it, by its SQLSTATE:
// values that do not fit (class 22 and 23, 428C9), privileges (42501), else the statement.
kind kind_of(std::string const &sqlstate, std::string const &message);

} // namespace pgtend::preflight
