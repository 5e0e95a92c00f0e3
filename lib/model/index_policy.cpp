// SPDX-License-Identifier: Apache-2.0
#include "model/index_policy.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/name.hpp"
#include "base/text.hpp"
#include "model/sql_lexer.hpp"
#include "model/sql_text.hpp"

namespace pgtend::model {
namespace {

constexpr char example[] =
    "write the columns as CREATE INDEX has them: \"(city, created_at DESC)\"";

bool is_name(std::string_view text)
{
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    });
}

bool is_value(std::string_view text)
{
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '.' || c == '-';
    });
}

} // namespace

void check_index_columns(std::string_view on)
{
    sql_lexer lexer{on};
    auto const first = lexer.next();
    auto last = first;
    for (auto token = first; token.kind != sql_token_kind::end; token = lexer.next()) {
        last = token;
    }
    if (!lexer.is_symbol(first, '(') || !lexer.is_symbol(last, ')')) {
        throw error{"it is not a list in parentheses", example};
    }
    auto const inside = on.substr(first.end, last.begin - first.end);
    if (trim(inside).empty()) {
        throw error{"it names no column", example};
    }
    check_condition(inside); // refuses what does not pair, as in "(a), (b)"
}

void check_storage_parameter(std::string_view parameter)
{
    auto const equals = std::min(parameter.find('='), parameter.size());
    auto const value = parameter.substr(std::min(equals + 1, parameter.size()));
    if (!is_name(parameter.substr(0, equals)) || !is_value(value)) {
        throw error{in_quotes(parameter) + " is not a storage parameter and its value",
                    "write a name and a number or a plain word: fillfactor=70"};
    }
}

std::string written_definition(index_policy const &policy)
{
    // A comment at the end of what a person wrote ends with its line.
    auto out = "USING " + quote_ident(policy.method) + " " + policy.on + "\n";
    if (!policy.include.empty()) {
        std::vector<std::string> columns;
        for (auto const &each : policy.include) {
            columns.push_back(quote_ident(each));
        }
        out += " INCLUDE (" + join(columns, ", ") + ")";
    }
    if (policy.nulls_not_distinct) {
        out += " NULLS NOT DISTINCT";
    }
    if (!policy.storage.empty()) {
        out += " WITH (" + join(policy.storage, ", ") + ")";
    }
    if (!policy.where.empty()) {
        out += " WHERE (" + policy.where + "\n)";
    }
    return out;
}

} // namespace pgtend::model
