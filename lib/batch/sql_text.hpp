// SPDX-License-Identifier: Apache-2.0
// Pieces of SQL that the statements of a leaf are put together from. Internal to this module.
#pragma once
#include <fmt/format.h>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/rows.hpp"

namespace pgtend::batch {

// Free SQL: a line comment at its end must not swallow what follows.
inline std::string in_parentheses(std::string const &sql)
{
    return "(" + sql + "\n)";
}

// The value's place: "$3".
inline std::string next(std::vector<param> &parameters, std::string value)
{
    parameters.emplace_back(std::move(value));
    return "$" + std::to_string(parameters.size());
}

// Ours, whatever operators the search_path of the work leads to.
inline std::string op(std::string_view symbol)
{
    return fmt::format(" OPERATOR(pg_catalog.{}) ", symbol);
}

inline std::string number(std::vector<param> &parameters, long long value)
{
    return next(parameters, std::to_string(value)) + "::bigint";
}

// The first transaction that a statement's snapshot cannot know, as text.
inline constexpr std::string_view next_transaction =
    "pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::pg_catalog.xid::"
    "pg_catalog.text";

// A name for a table of ours beside one that the condition may call by name.
inline std::string unlike(std::string_view name, std::string const &wanted)
{
    return name == wanted ? wanted + "_2" : wanted;
}

} // namespace pgtend::batch
