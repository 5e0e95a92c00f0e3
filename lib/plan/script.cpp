// SPDX-License-Identifier: Apache-2.0
#include "plan/script.hpp"

#include "base/error.hpp"
#include "base/text.hpp"

namespace pgtend::plan {
namespace {

bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool in_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' ||
           c == '$' || static_cast<unsigned char>(c) >= 0x80;
}

// Each returns the end of what starts at `at`, or of the text when it is not closed.
std::size_t end_of_quoted(std::string_view sql, std::size_t at, char quote, bool backslashes)
{
    for (auto i = at + 1; i < sql.size(); ++i) {
        if (backslashes && sql[i] == '\\') {
            ++i;
        } else if (sql[i] == quote) {
            if (i + 1 < sql.size() && sql[i + 1] == quote) {
                ++i;
            } else {
                return i + 1;
            }
        }
    }
    return sql.size();
}

std::size_t end_of_block_comment(std::string_view sql, std::size_t at)
{
    int depth = 0;
    for (auto i = at; i + 1 < sql.size(); ++i) {
        if (sql[i] == '/' && sql[i + 1] == '*') {
            ++depth;
            ++i;
        } else if (sql[i] == '*' && sql[i + 1] == '/') {
            ++i;
            if (--depth == 0) {
                return i + 1;
            }
        }
    }
    return sql.size();
}

// Of $tag$...$tag$; `at` itself when no tag starts there.
std::size_t end_of_dollar_quoted(std::string_view sql, std::size_t at)
{
    auto i = at + 1;
    while (i < sql.size() && sql[i] != '$' && in_name(sql[i]) &&
           !(i == at + 1 && is_digit(sql[i]))) {
        ++i;
    }
    if (i >= sql.size() || sql[i] != '$') {
        return at;
    }
    auto const tag = sql.substr(at, i + 1 - at);
    auto const close = sql.find(tag, i + 1);
    return close == std::string_view::npos ? sql.size() : close + tag.size();
}

// The end of the constant, name or comment that starts at `at`; `at` when none does.
std::size_t end_of_token(std::string_view sql, std::size_t at)
{
    char const c = sql[at];
    char const next = at + 1 < sql.size() ? sql[at + 1] : '\0';
    if (c == '\'') {
        return end_of_quoted(sql, at, '\'', false);
    }
    if (c == '"') {
        return end_of_quoted(sql, at, '"', false);
    }
    if (c == '-' && next == '-') {
        auto const end = sql.find('\n', at);
        return end == std::string_view::npos ? sql.size() : end;
    }
    if (c == '/' && next == '*') {
        return end_of_block_comment(sql, at);
    }
    if (c == '$') {
        return end_of_dollar_quoted(sql, at);
    }
    if ((c == 'e' || c == 'E') && next == '\'') {
        return end_of_quoted(sql, at + 1, '\'', true);
    }
    if (in_name(c)) {
        auto end = at;
        while (end < sql.size() && in_name(sql[end])) {
            ++end;
        }
        return end;
    }
    return at;
}

} // namespace

std::string inlined(statement const &s)
{
    std::string_view sql = trim(s.sql);
    while (!sql.empty() && sql.back() == ';') {
        sql = trim(sql.substr(0, sql.size() - 1));
    }
    std::string out;
    for (std::size_t at = 0; at < sql.size();) {
        if (auto const end = end_of_token(sql, at); end != at) {
            out += sql.substr(at, end - at);
            at = end;
            continue;
        }
        if (sql[at] != '$' || at + 1 >= sql.size() || !is_digit(sql[at + 1])) {
            out += sql[at++];
            continue;
        }
        std::size_t number = 0;
        for (++at; at < sql.size() && is_digit(sql[at]) && number < 100'000; ++at) {
            number = number * 10 + static_cast<std::size_t>(sql[at] - '0');
        }
        if (number == 0 || number > s.parameters.size()) {
            throw error{"the statement asks for parameter $" + std::to_string(number) +
                            " and has " + std::to_string(s.parameters.size()),
                        {},
                        {},
                        s.sql};
        }
        auto const &value = s.parameters[number - 1];
        out += value ? quote_literal(*value) : "NULL";
    }
    return out;
}

std::string lock_summary(statement const &s)
{
    std::string out;
    for (auto const &l : s.locks) {
        out += out.empty() ? "" : ", ";
        out += std::string{name(l.mode)} + " on " + l.relation;
    }
    return out;
}

} // namespace pgtend::plan
