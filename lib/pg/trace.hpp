// SPDX-License-Identifier: Apache-2.0
// What -v shows of a statement.
#pragma once
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace pgtend::pg {

// On one line: comments and needless blanks taken out, so that it can be given to psql, and what
// looks like a password hidden. Parameters stay $1, $2: their values are data.
std::string one_line(std::string_view sql);

// A line for the log, at level debug: backend, duration, rows or SQLSTATE, statement.
void trace(int backend, microseconds took, long long rows, std::string_view sql);
void trace_failure(int backend, microseconds took, std::string_view sqlstate, std::string_view sql);

} // namespace pgtend::pg
