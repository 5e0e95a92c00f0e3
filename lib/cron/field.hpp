// SPDX-License-Identifier: Apache-2.0
// The fields of a cron expression as they were written, before they become sets. For this module
// only.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cron/expression.hpp"

namespace pgtend::cron {

enum class unit { second, minute, hour, day, month, weekday };
constexpr std::size_t unit_count = 6;

struct unit_facts {
    std::string_view name; // as messages say it
    int least, most;       // most: of values and of steps; 7 of weekdays is Sunday again
    int size;              // how many there are: a step that divides it keeps its distance
};
unit_facts const &facts(unit of) noexcept;

// An element of a list.
struct item {
    enum class form {
        range,        // first-last/step; of weekdays 7 is possible as last
        last_day,     // L-n: `first` days before the last one of the month
        last_workday, // LW
        near_workday, // nW: the Monday to Friday nearest to day `first`, within the month
        nth_weekday,  // d#k: the `step`-th weekday `first` of the month
        last_weekday, // dL
    };
    form what = form::range;
    int first = 0;
    int last = 0;
    int step = 1;
    bool star = false; // written as '*'
    bool open = false; // written as a/n
};

struct field {
    std::vector<item> items;
    bool starred =
        false; // the text starts with '*', or is '?': the day rule and the timing ask for it
    bool stepped() const noexcept
    {
        return items.size() == 1 && items[0].star && items[0].step > 1;
    }
    // Written as '*' or '?', or meaning the same ('*/1', '*,5').
    bool open() const noexcept;
};

struct fields {
    std::array<field, unit_count> of;
    bool six = false;          // seconds were written
    std::int64_t interval = 0; // seconds; when not 0 there are no fields
    timing kind = timing::clock;
    field const &operator[](unit u) const noexcept { return of[static_cast<std::size_t>(u)]; }
    field &operator[](unit u) noexcept { return of[static_cast<std::size_t>(u)]; }
};

// Throws as expression::parse does, but for expressions that no date matches.
fields parse_fields(std::string_view text);

// One field; `whole` is the expression, for messages.
field read_field(std::string_view whole, std::string_view text, unit of);

// Throws usage_error.
[[noreturn]] void refuse(std::string_view whole, std::string const &why, std::string hint);

// The canonical text of a field, and of all.
std::string to_text(field const &value, unit of);
std::string to_text(fields const &value);

// The values of a field that is made of ranges, as bits; weekday 7 as bit 0. Items of other forms
// are left out.
std::uint64_t bits(field const &value, unit of) noexcept;

// The days of a month of that length whose first day is that weekday, as bits 1 to 31.
std::uint32_t day_bits(field const &days, int length, int first_weekday) noexcept;
std::uint32_t weekday_bits(field const &weekdays, int length, int first_weekday) noexcept;

// Whether one matching day field suffices, or both must match.
bool either_day(field const &days, field const &weekdays, day_match match) noexcept;

} // namespace pgtend::cron
