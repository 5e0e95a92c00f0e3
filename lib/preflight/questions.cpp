// SPDX-License-Identifier: Apache-2.0
#include "preflight/questions.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <fmt/format.h>

#include "base/text.hpp"
#include "batch/explain.hpp"
#include "plan/statement.hpp"

namespace pgtend::preflight {

using plan::quote;
using plan::quote_ident;

std::string constraint_question(qualified_name const &table,
                                std::vector<std::string> const &columns,
                                std::vector<known_column> const &known,
                                std::string const &expression, bool refuses)
{
    std::vector<std::string> row;
    for (auto const &name : columns) {
        auto const found = std::find_if(known.begin(), known.end(),
                                        [&](auto const &each) { return each.name == name; });
        auto const value = found == known.end() ? "pgtend_row." + quote_ident(name)
                           : found->value ? plan::quote_literal(*found->value) + "::" + found->type
                                          : "NULL::" + found->type;
        row.push_back(value + " AS " + quote_ident(name));
    }
    // A function's rows: of them the planner knows the types and nothing else.
    return fmt::format("EXPLAIN (FORMAT JSON) SELECT 1 FROM (SELECT {} FROM "
                       "pg_catalog.json_populate_recordset(NULL::{}, '[]') AS pgtend_row) AS {} "
                       "WHERE ({}\n) IS {}",
                       join(row, ", "), quote(table), quote_ident(table.name), expression,
                       refuses ? "NOT FALSE" : "FALSE");
}

verdict verdict_of(bool never_false, bool always_false)
{
    return never_false ? verdict::fine : always_false ? verdict::will_refuse : verdict::may_refuse;
}

bool reads_nothing(std::string_view json)
{
    // In a value of the JSON the quotes would be escaped.
    constexpr std::string_view filter = "\"One-Time Filter\": \"false\"";
    std::ptrdiff_t never = 0;
    for (auto at = json.find(filter); at != json.npos; at = json.find(filter, at + 1)) {
        ++never;
    }
    // Without a row these make none; an aggregate may.
    constexpr std::array<std::string_view, 7> pass_on{
        "WindowAgg", "Subquery Scan", "Sort", "Incremental Sort", "Limit", "Unique", "Append"};
    auto const nodes = batch::nodes_of(json);
    auto const results = std::count_if(nodes.begin(), nodes.end(),
                                       [](auto const &each) { return each.type == "Result"; });
    return never > 0 && never == results &&
           std::all_of(nodes.begin(), nodes.end(), [&](auto const &each) {
               return each.type == "Result" ||
                      std::find(pass_on.begin(), pass_on.end(), each.type) != pass_on.end();
           });
}

std::string contradiction_question(qualified_name const &table, std::string const &where)
{
    return "EXPLAIN (FORMAT JSON) SELECT 1 FROM " + quote(table) + " WHERE (" + where + "\n)";
}

std::string contradiction_question(std::string const &query)
{
    return "EXPLAIN (FORMAT JSON) SELECT 1 FROM (\n" + query + "\n) AS pgtend_finding";
}

std::string_view contradiction_settings()
{
    return "SET LOCAL constraint_exclusion = on; SET LOCAL enable_partition_pruning = off";
}

} // namespace pgtend::preflight
