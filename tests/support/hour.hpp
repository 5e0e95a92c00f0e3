// SPDX-License-Identifier: Apache-2.0
// What tests of hourly jobs share: a ledger for tests whose jobs are registered `before`, have the
// slot of 01:00 when it is `due`, and are looked at once more a minute `later`, or at the slot of
// the `next_hour`.
#pragma once
#include <string>

namespace pgtend::test {

inline constexpr char before[] = "2026-01-01T00:30:00Z";
inline constexpr char due[] = "2026-01-01T01:00:10Z";
inline constexpr char later[] = "2026-01-01T01:01:10Z";
inline constexpr char next_hour[] = "2026-01-01T02:00:10Z";

inline bool has(std::string const &text, std::string const &part)
{
    return text.find(part) != std::string::npos;
}

} // namespace pgtend::test
