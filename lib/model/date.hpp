// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <compare>
#include <string_view>

namespace pgtend::model {

// A civil date as written: 2025-01 or 2025-01-15.
struct date {
    int year = 0;
    int month = 1;
    int day = 1;
    auto operator<=>(date const &) const = default;
};
// Throws error with a hint when it is not a date of the calendar, years 1 to 9999.
date parse_date(std::string_view text);

} // namespace pgtend::model
