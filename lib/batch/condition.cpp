// SPDX-License-Identifier: Apache-2.0
#include "batch/condition.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "model/sql_lexer.hpp"

namespace pgtend::batch {
namespace {

using kind = model::sql_token_kind;

// What may stand before a parenthesis without being a call of an unknown function: keywords, types
// with a length, and functions of pg_catalog that read nothing. Sorted.
constexpr std::array<std::string_view, 116> harmless{
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

// What LIKE, ILIKE, SIMILAR TO, BETWEEN, IN, IS DISTINCT FROM, NULLIF and CASE stand for.
constexpr std::array<std::string_view, 12> operators_of_keywords{
    "=", "<>", "<", "<=", ">", ">=", "~~", "!~~", "~~*", "!~~*", "~", "!~"};

constexpr std::size_t longest_name = 63;
constexpr std::size_t longest_operator = 12;

class reader {
  public:
    explicit reader(std::string_view sql) : sql_{sql}, lexer_{sql} {}

    mentions read()
    {
        out_.operators.assign(operators_of_keywords.begin(), operators_of_keywords.end());
        advance();
        while (token_.kind != kind::end) {
            if (token_.kind == kind::word || token_.kind == kind::quoted_identifier) {
                read_names();
            } else if (token_.kind == kind::symbol) {
                read_symbols();
            } else {
                type_follows_ = false;
                advance();
                out_.reads = out_.reads || is('.'); // a field of a value, or a call in that form
            }
        }
        return std::move(out_);
    }

  private:
    void advance()
    {
        end_ = token_.end;
        token_ = lexer_.next();
    }
    bool is(char symbol) const { return lexer_.is_symbol(token_, symbol); }

    // A name, or several with dots between.
    void read_names()
    {
        bool const type = std::exchange(type_follows_, false);
        bool known = false, dotted = false;
        std::string name;
        std::vector<std::string> before;
        for (;;) {
            bool const quoted = token_.kind == kind::quoted_identifier;
            name = quoted ? unquoted(lexer_.text(token_)) : lexer_.word(token_);
            known =
                !quoted && !dotted && std::binary_search(harmless.begin(), harmless.end(), name);
            out_.reads = out_.reads || name.empty() || name.size() > longest_name;
            advance();
            if (!quoted && !dotted) {
                read_keyword(name);
            }
            if (!is('.')) {
                break;
            }
            advance();
            if (token_.kind != kind::word && token_.kind != kind::quoted_identifier) {
                return; // t.*
            }
            dotted = true;
            before.push_back(std::move(name));
        }
        if (before.size() == 2) {
            out_.qualified.push_back({std::move(before[0]), std::move(before[1])});
        }
        if (is('(')) {
            out_.reads = out_.reads || !known;
            out_.called.push_back(name);
            out_.types.push_back(std::move(name));
        } else if (type || token_.kind == kind::string) {
            out_.types.push_back(std::move(name));
        } else if (dotted) {
            out_.fields.push_back(std::move(name));
        }
    }

    void read_keyword(std::string const &word)
    {
        bool const of_a_type = token_.kind == kind::word && lexer_.word(token_) == "time";
        out_.reads =
            out_.reads || word == "select" || word == "table" || (word == "with" && !of_a_type);
        type_follows_ = word == "as";
    }

    static std::string unquoted(std::string_view quoted)
    {
        std::string out;
        if (quoted.empty() || quoted.front() != '"') {
            return out; // U&"...": not decoded
        }
        for (std::size_t i = 1; i + 1 < quoted.size(); ++i) {
            out += quoted[i];
            i += quoted[i] == '"' ? 1 : 0;
        }
        return out;
    }

    // Where one operator ends and the next begins, in a row of their characters, is not decided:
    // every part of it may be one.
    void read_symbols()
    {
        static constexpr std::string_view of_operators = "+-*/<>=~!@#%^&|`?";
        auto const begin = token_.begin;
        char last = sql_[begin];
        bool const colon = std::exchange(colon_, last == ':');
        type_follows_ = colon && last == ':';
        advance();
        if (of_operators.find(last) == std::string_view::npos) {
            out_.reads = out_.reads || ((last == ')' || last == ']') && is('.'));
            return;
        }
        while (token_.kind == kind::symbol && token_.begin == end_ &&
               of_operators.find(sql_[token_.begin]) != std::string_view::npos) {
            advance();
        }
        auto const all = sql_.substr(begin, end_ - begin);
        out_.reads = out_.reads || all.size() > longest_operator;
        for (std::size_t i = 0; i < all.size() && all.size() <= longest_operator; ++i) {
            for (std::size_t length = 1; i + length <= all.size(); ++length) {
                out_.operators.emplace_back(all.substr(i, length));
            }
        }
    }

    std::string_view sql_;
    model::sql_lexer lexer_;
    model::sql_token token_ = {};
    std::size_t end_ = 0; // of the token before
    bool colon_ = false;  // the symbol before was one
    bool type_follows_ = false;
    mentions out_ = {};
};

} // namespace

mentions mentioned_in(std::string_view sql)
{
    return reader{sql}.read();
}

void mentions::add(mentions other)
{
    auto const append = [](auto &to, auto &from) {
        to.insert(to.end(), std::make_move_iterator(from.begin()),
                  std::make_move_iterator(from.end()));
        std::sort(to.begin(), to.end());
        to.erase(std::unique(to.begin(), to.end()), to.end());
    };
    reads = reads || other.reads;
    append(called, other.called);
    append(fields, other.fields);
    append(types, other.types);
    append(operators, other.operators);
    append(qualified, other.qualified);
}

} // namespace pgtend::batch
