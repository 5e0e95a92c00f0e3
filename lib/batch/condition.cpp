// SPDX-License-Identifier: Apache-2.0
#include "batch/condition.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "model/sql_lexer.hpp"

namespace pgtend::batch {
namespace {

using kind = model::sql_token_kind;

// What may stand before a parenthesis without being a call of an unknown function: keywords, types
// with a length, and functions of pg_catalog that read nothing. Sorted.
constexpr std::array<std::string_view, 117> harmless{
    "abs",
    "age",
    "all",
    "and",
    "any",
    "array",
    "array_length",
    "array_position",
    "array_to_string",
    "between",
    "bit",
    "bpchar",
    "btrim",
    "cardinality",
    "case",
    "cast",
    "ceil",
    "ceiling",
    "char",
    "char_length",
    "character",
    "clock_timestamp",
    "coalesce",
    "concat",
    "concat_ws",
    "date_bin",
    "date_part",
    "date_trunc",
    "dec",
    "decimal",
    "div",
    "else",
    "encode",
    "ends_with",
    "extract",
    "float",
    "floor",
    "format",
    "from",
    "greatest",
    "if",
    "ilike",
    "in",
    "interval",
    "is",
    "isfinite",
    "json_array_length",
    "json_extract_path",
    "json_extract_path_text",
    "jsonb_array_length",
    "jsonb_extract_path",
    "jsonb_extract_path_text",
    "jsonb_path_exists",
    "jsonb_path_match",
    "jsonb_typeof",
    "justify_interval",
    "least",
    "left",
    "length",
    "like",
    "lower",
    "lower_inc",
    "lpad",
    "ltrim",
    "make_date",
    "make_interval",
    "make_timestamp",
    "make_timestamptz",
    "md5",
    "mod",
    "not",
    "now",
    "nullif",
    "num_nonnulls",
    "num_nulls",
    "numeric",
    "octet_length",
    "on",
    "or",
    "overlaps",
    "overlay",
    "position",
    "power",
    "regexp_match",
    "regexp_replace",
    "replace",
    "right",
    "round",
    "row",
    "rpad",
    "rtrim",
    "sign",
    "similar",
    "some",
    "split_part",
    "starts_with",
    "statement_timestamp",
    "strpos",
    "substr",
    "substring",
    "then",
    "time",
    "timestamp",
    "timestamptz",
    "timezone",
    "to_char",
    "to_date",
    "to_number",
    "to_timestamp",
    "transaction_timestamp",
    "translate",
    "trim",
    "trunc",
    "upper",
    "varchar",
    "varying",
    "when",
};
static_assert(std::is_sorted(harmless.begin(), harmless.end()));

} // namespace

bool may_read_tables(std::string_view condition)
{
    model::sql_lexer lexer{condition};
    bool call_possible = false; // the last token may be the name of a function that is not known
    bool qualified = false;     // the last token was a dot
    for (auto token = lexer.next(); token.kind != kind::end; token = lexer.next()) {
        if (lexer.is_symbol(token, '(') && call_possible) {
            return true;
        }
        auto const word = token.kind == kind::word ? lexer.word(token) : std::string{};
        if (word == "select" || word == "table" || word == "with") {
            return true;
        }
        call_possible =
            token.kind == kind::quoted_identifier ||
            (token.kind == kind::word &&
             (qualified || !std::binary_search(harmless.begin(), harmless.end(), word)));
        qualified = lexer.is_symbol(token, '.');
    }
    return false;
}

} // namespace pgtend::batch
