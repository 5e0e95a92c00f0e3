// SPDX-License-Identifier: Apache-2.0
// Names of relations as people write them, as they are shown, and as SQL takes them.
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

// For SQL: "name", with quotes doubled, always quoted. Throws error when the name is empty, has a
// NUL byte, is not UTF-8 or is longer than 63 bytes (PostgreSQL would cut it with a NOTICE only,
// and generated names could collide).
std::string quote_ident(std::string_view name);
// "schema"."name", or "name" alone when no schema is given.
std::string quote(qualified_name const &name);

} // namespace pgtend
