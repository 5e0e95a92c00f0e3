// SPDX-License-Identifier: Apache-2.0
// Questions and answers by the line: `schedule next --batch`.
#pragma once
#include <string>
#include <string_view>

namespace pgtend::cron {

// Appends the answer to one line (both without their line ends; a '\r' at the end is dropped).
// Pure: nothing is read but zones.
//   question: expression TAB zone TAB from [TAB n]     from: RFC 3339, exclusive; n: 1 to 1000, 3
//   if left out answer:   the first three fields as they came, then n instants (fewer when the
//   years end at 9999) as 2026-03-29T01:00:00Z;
//             or the three fields, INVALID, and the reason: what is wrong, and a hint.
// All separated by tabs. Fields that are missing are empty in the answer. Never throws but for lack
// of memory.
void answer_line(std::string_view line, std::string &out);

} // namespace pgtend::cron
