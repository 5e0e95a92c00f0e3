// SPDX-License-Identifier: Apache-2.0
#include "model/session_setting.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "model/sql_lexer.hpp"

namespace pgtend::model {
namespace {

using words = std::vector<std::string>;

template <std::size_t Size>
bool is_one_of(std::array<std::string_view, Size> const &all, std::string_view word)
{
    return std::find(all.begin(), all.end(), word) != all.end();
}

// In lower case; names that are looked for below without the quotes that they may have.
words tokens_of(std::string_view statement)
{
    static constexpr std::array<std::string_view, 3> names{"\"set_config\"", "\"pg_catalog\"",
                                                           "\"is_local\""};
    words out;
    sql_lexer lexer{statement};
    for (auto token = lexer.next(); token.kind != sql_token_kind::end; token = lexer.next()) {
        auto const text = lexer.text(token);
        out.push_back(is_one_of(names, text) ? std::string{text.substr(1, text.size() - 2)}
                                             : lexer.word(token));
    }
    return out;
}

bool defines(words const &tokens)
{
    static constexpr std::array<std::string_view, 4> what{"function", "procedure", "view", "rule"};
    if (tokens.empty() || tokens[0] != "create") {
        return false;
    }
    auto const at = std::find_if(tokens.begin() + 1, tokens.end(), [](auto const &word) {
        static constexpr std::array<std::string_view, 5> before{"or", "replace", "temp",
                                                                "temporary", "recursive"};
        return !is_one_of(before, word);
    });
    return at != tokens.end() && is_one_of(what, *at);
}

// The arguments of the call whose opening parenthesis is at `at`, each without parentheses and
// casts to boolean: `(false)::bool` is {"false"}.
std::vector<words> arguments(words const &tokens, std::size_t at)
{
    static constexpr std::array<std::string_view, 9> meaningless{
        "(", ")", ":", ".", "bool", "boolean", "cast", "as", "pg_catalog"};
    std::vector<words> out{{}};
    for (int depth = 1; ++at < tokens.size();) {
        auto const &token = tokens[at];
        depth += token == "(" || token == "[" ? 1 : token == ")" || token == "]" ? -1 : 0;
        if (depth == 0) {
            break;
        }
        if (depth == 1 && token == ",") {
            out.emplace_back();
        } else if (!is_one_of(meaningless, token)) {
            out.back().push_back(token);
        }
    }
    return out;
}

bool is_off(words const &argument)
{
    static constexpr std::array<std::string_view, 7> off{"false", "'false'", "'f'", "'off'",
                                                         "'no'",  "'n'",     "'0'"};
    return (argument.size() == 1 && is_one_of(off, argument[0])) ||
           argument == words{"not", "true"};
}

} // namespace

bool sets_for_session(std::string_view statement)
{
    auto const tokens = tokens_of(statement);
    if (defines(tokens)) {
        return false;
    }
    for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
        bool const of_other_schema = i > 1 && tokens[i - 1] == "." && tokens[i - 2] != "pg_catalog";
        if (tokens[i] != "set_config" || tokens[i + 1] != "(" || of_other_schema) {
            continue;
        }
        auto const given = arguments(tokens, i + 1);
        for (std::size_t place = 0; place < given.size(); ++place) {
            auto const &each = given[place];
            auto value = each.begin();
            bool const named = !each.empty() && each[0] == "is_local"; // => or :=
            if (named) {
                value = std::find_if(value + 1, each.end(),
                                     [](auto const &t) { return t != "=" && t != ">"; });
            }
            if ((place == 2 || named) && is_off({value, each.end()})) {
                return true;
            }
        }
    }
    return false;
}

} // namespace pgtend::model
