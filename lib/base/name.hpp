// SPDX-License-Identifier: Apache-2.0
// Names of relations as people write them. Quoting them for SQL is plan's.
#pragma once
#include <compare>
#include <string>
#include <string_view>

namespace pgtend {

struct qualified_name {
    std::string schema; // empty: not given
    std::string name;
    bool operator==(qualified_name const &) const = default;
    auto operator<=>(qualified_name const &) const = default;
};

// table, schema.table, "Mixed Case".table. Unquoted parts fold to lower case (ASCII) as PostgreSQL
// does; each part has 1 to 63 bytes of UTF-8 without NUL. Throws error with a hint.
qualified_name parse_qualified_name(std::string_view text);
// One identifier by the same rules, a column for example.
std::string parse_identifier(std::string_view text);

// For people: each part quoted only where SQL would need it (upper case, blanks, reserved-looking
// characters).
std::string display(qualified_name const &name);
std::string display_identifier(std::string_view name);

} // namespace pgtend
