// SPDX-License-Identifier: Apache-2.0
#include "plan/statement.hpp"

#include <algorithm>
#include <array>

#include "base/error.hpp"
#include "base/text.hpp"

namespace pgtend::plan {
namespace {

struct mode_row {
    std::string_view name, catalog_name;
    unsigned conflicts; // bit n: with the mode of number n
};

constexpr unsigned bits(std::initializer_list<lock_mode> modes)
{
    unsigned out = 0;
    for (auto const mode : modes) {
        out |= 1U << static_cast<unsigned>(mode);
    }
    return out;
}

using enum lock_mode;

// "Conflicting Lock Modes" in PostgreSQL's manual, the same since 9.x.
constexpr std::array<mode_row, 8> modes{{
    {"ACCESS SHARE", "AccessShareLock", bits({access_exclusive})},
    {"ROW SHARE", "RowShareLock", bits({exclusive, access_exclusive})},
    {"ROW EXCLUSIVE", "RowExclusiveLock",
     bits({share, share_row_exclusive, exclusive, access_exclusive})},
    {"SHARE UPDATE EXCLUSIVE", "ShareUpdateExclusiveLock",
     bits({share_update_exclusive, share, share_row_exclusive, exclusive, access_exclusive})},
    {"SHARE", "ShareLock",
     bits({row_exclusive, share_update_exclusive, share_row_exclusive, exclusive,
           access_exclusive})},
    {"SHARE ROW EXCLUSIVE", "ShareRowExclusiveLock",
     bits({row_exclusive, share_update_exclusive, share, share_row_exclusive, exclusive,
           access_exclusive})},
    {"EXCLUSIVE", "ExclusiveLock",
     bits({row_share, row_exclusive, share_update_exclusive, share, share_row_exclusive, exclusive,
           access_exclusive})},
    {"ACCESS EXCLUSIVE", "AccessExclusiveLock",
     bits({access_share, row_share, row_exclusive, share_update_exclusive, share,
           share_row_exclusive, exclusive, access_exclusive})},
}};

mode_row const &row(lock_mode mode)
{
    return modes.at(static_cast<std::size_t>(mode));
}

} // namespace

std::string_view name(lock_mode mode)
{
    return row(mode).name;
}

std::string_view catalog_name(lock_mode mode)
{
    return row(mode).catalog_name;
}

bool conflict(lock_mode a, lock_mode b)
{
    return (row(a).conflicts >> static_cast<unsigned>(b) & 1U) != 0;
}

bool needs_lock_protocol(lock const &l)
{
    return l.mode >= share_update_exclusive;
}

bool needs_lock_protocol(statement const &s)
{
    return s.short_waits || std::any_of(s.locks.begin(), s.locks.end(),
                                        [](lock const &l) { return needs_lock_protocol(l); });
}

std::string quote_literal(std::string_view text)
{
    if (text.find('\0') != std::string_view::npos) {
        throw error{"a value holds a NUL byte, which PostgreSQL's text cannot"};
    }
    auto out = replace_all(std::string{text}, "'", "''");
    if (out.find('\\') == std::string::npos) {
        return "'" + out + "'";
    }
    // The blank keeps a word before it from swallowing the E.
    return " E'" + replace_all(std::move(out), "\\", "\\\\") + "'";
}

std::string quote_dollar(std::string_view text)
{
    std::string tag = "$pgtend$";
    for (int i = 1; text.find(tag) != std::string_view::npos; ++i) {
        tag = "$pgtend" + std::to_string(i) + "$";
    }
    return tag + std::string{text} + tag;
}

} // namespace pgtend::plan
