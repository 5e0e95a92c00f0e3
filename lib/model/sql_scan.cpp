// SPDX-License-Identifier: Apache-2.0
#include "model/sql_scan.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "base/error.hpp"
#include "base/text.hpp"
#include "model/sql_lexer.hpp"

namespace pgtend::model {
namespace {

using kind = sql_token_kind;

// Reserved words (pg_get_keywords(), catcode R, of PostgreSQL 14 to 18): a relation of that name
// stands in quotes.
bool is_reserved(std::string_view word)
{
    static constexpr std::array<std::string_view, 78> words{"all",          "analyse",
                                                            "analyze",      "and",
                                                            "any",          "array",
                                                            "as",           "asc",
                                                            "asymmetric",   "both",
                                                            "case",         "cast",
                                                            "check",        "collate",
                                                            "column",       "constraint",
                                                            "create",       "current_catalog",
                                                            "current_date", "current_role",
                                                            "current_time", "current_timestamp",
                                                            "current_user", "default",
                                                            "deferrable",   "desc",
                                                            "distinct",     "do",
                                                            "else",         "end",
                                                            "except",       "false",
                                                            "fetch",        "for",
                                                            "foreign",      "from",
                                                            "grant",        "group",
                                                            "having",       "in",
                                                            "initially",    "intersect",
                                                            "into",         "lateral",
                                                            "leading",      "limit",
                                                            "localtime",    "localtimestamp",
                                                            "not",          "null",
                                                            "offset",       "on",
                                                            "only",         "or",
                                                            "order",        "placing",
                                                            "primary",      "references",
                                                            "returning",    "select",
                                                            "session_user", "some",
                                                            "symmetric",    "system_user",
                                                            "table",        "then",
                                                            "to",           "trailing",
                                                            "true",         "union",
                                                            "unique",       "user",
                                                            "using",        "variadic",
                                                            "when",         "where",
                                                            "window",       "with"};
    return std::binary_search(words.begin(), words.end(), word);
}

} // namespace

std::vector<text_span> possible_line_comments(std::string_view sql)
{
    std::vector<text_span> out;
    std::size_t looked = 0;
    auto const look = [&](std::size_t from, std::size_t to) {
        auto const text = sql.substr(0, to);
        for (auto at = text.find("--", from); at != std::string_view::npos;
             at = text.find("--", out.back().end)) {
            out.push_back({at, std::min(text.find_first_of("\r\n", at), to)});
        }
    };
    sql_lexer lexer{sql};
    try {
        for (bool more = true; more;) {
            auto const token = lexer.next();
            more = token.kind != kind::end;
            auto const &skipped = lexer.line_comments();
            for (; looked < skipped.size(); ++looked) {
                out.push_back({skipped[looked].begin, skipped[looked].end});
            }
            if (token.kind == kind::string) {
                look(token.begin, token.end);
            }
        }
    } catch (error const &) { // told where the text is used
    }
    return out;
}

std::vector<qualified_name> possible_relations(std::string_view statement)
{
    constexpr std::size_t most = 100;
    std::vector<qualified_name> out;
    sql_lexer lexer{statement};
    auto token = lexer.next();
    auto const name = [&]() -> std::optional<std::string> {
        if (token.kind == kind::word) {
            auto word = lexer.word(token);
            return is_reserved(word) ? std::nullopt : std::optional{std::move(word)};
        }
        auto const text = lexer.text(token);
        return token.kind == kind::quoted_identifier && text.front() == '"'
                   ? std::optional{replace_all(std::string{text.substr(1, text.size() - 2)}, "\"\"",
                                               "\"")}
                   : std::nullopt;
    };
    while (token.kind != kind::end && out.size() < most) {
        auto first = name();
        token = lexer.next();
        if (!first) {
            continue;
        }
        qualified_name found{{}, std::move(*first)};
        if (lexer.is_symbol(token, '.')) {
            token = lexer.next();
            if (auto second = name()) {
                found = {std::move(found.name), std::move(*second)};
                token = lexer.next();
            }
        }
        if (std::find(out.begin(), out.end(), found) == out.end()) {
            out.push_back(std::move(found));
        }
    }
    return out;
}

} // namespace pgtend::model
