// SPDX-License-Identifier: Apache-2.0
// What a plain YAML word means. YAML 1.1, YAML 1.2 and people disagree about many: those are
// refused, never guessed.
#pragma once
#include <string>
#include <string_view>

namespace pgtend::config {

enum class plain_kind {
    text,
    boolean,     // true, false
    yes_no,      // yes, no, on, off, y, n, True, TRUE, ...: booleans of YAML 1.1
    integer,     // 5, -5
    odd_integer, // 022, 0x10, 0o14, 0b1, 1_000, +5: not the number that everybody reads
    decimal,     // 0.05, -1.5
    odd_decimal, // 1e3, .5, 5., +1.5, .inf, .nan
    sexagesimal, // 12:30:00: a number of base 60 in YAML 1.1
    date,        // 2025-01-15, with or without a time
};

// Of a plain scalar that is not null (tree.hpp tells those apart).
plain_kind classify(std::string_view plain);

// "a number with a leading zero, which YAML 1.1 reads in base 8": what is wrong with an odd one;
// for the others what they are.
std::string describe(plain_kind kind, std::string_view plain);

} // namespace pgtend::config
