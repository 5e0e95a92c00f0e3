// SPDX-License-Identifier: Apache-2.0
// Reads JSON text (RFC 8259).
#pragma once
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace pgtend::json {

struct value;
struct member;
using array = std::vector<value>;
using object = std::vector<member>; // as written

struct value {
    std::variant<std::monostate, bool, double, std::string, array, object> data;

    value const *
    find(std::string_view key) const; // the member; nullptr also when this is no object
    // find() of each in turn.
    value const *follow(std::initializer_list<std::string_view> path) const;
    double const *number() const { return std::get_if<double>(&data); }
    std::string const *text() const { return std::get_if<std::string>(&data); }
    array const *items() const { return std::get_if<array>(&data); }
};

struct member {
    std::string name;
    value content;
};

// Throws error, with the line, for what is not one JSON value, and for one that is nested more than
// 64 deep.
value parse(std::string_view text);

} // namespace pgtend::json
