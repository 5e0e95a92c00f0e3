// SPDX-License-Identifier: Apache-2.0
#include "model/sql_lexer.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"

namespace pgtend::model {
namespace {

bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}
bool starts_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           static_cast<unsigned char>(c) >= 0x80;
}
bool continues_word(char c)
{
    return starts_word(c) || is_digit(c) || c == '$';
}

} // namespace

std::string sql_lexer::word(sql_token const &token) const
{
    return lower(text(token));
}

void sql_lexer::refuse(std::size_t at, std::string const &what, std::string hint) const
{
    auto const line = 1 + std::count(sql_.begin(), sql_.begin() + static_cast<long>(at), '\n');
    auto const where = sql_.find('\n') == std::string_view::npos
                           ? std::string{}
                           : " in line " + std::to_string(line) + " of the text";
    throw error{what + where, std::move(hint)};
}

void sql_lexer::skip_block_comment()
{
    auto const begin = position_;
    int depth = 0;
    do {
        if (position_ >= sql_.size()) {
            refuse(begin, "a comment is not closed", "end it with */; comments nest in PostgreSQL");
        }
        if (at(position_) == '/' && at(position_ + 1) == '*') {
            ++depth;
            position_ += 2;
        } else if (at(position_) == '*' && at(position_ + 1) == '/') {
            --depth;
            position_ += 2;
        } else {
            ++position_;
        }
    } while (depth > 0);
}

void sql_lexer::skip_blanks()
{
    for (;;) {
        if (is_blank(at(position_))) {
            ++position_;
        } else if (at(position_) == '-' && at(position_ + 1) == '-') {
            auto const end = std::min(sql_.find_first_of("\r\n", position_), sql_.size());
            line_comments_.push_back({position_, end});
            position_ = end;
        } else if (at(position_) == '/' && at(position_ + 1) == '*') {
            skip_block_comment();
        } else {
            return;
        }
    }
}

// After a closing quote: do blanks with a line end, and another quote follow? Then it is the same
// string, with the same rule for backslashes (scan.l, "quotecontinue").
bool sql_lexer::continues_string(std::size_t &position) const
{
    bool line_end = false;
    for (auto i = position;;) {
        if (is_blank(at(i))) {
            line_end = line_end || at(i) == '\n' || at(i) == '\r';
            ++i;
        } else if (at(i) == '-' && at(i + 1) == '-') {
            i = std::min(sql_.find_first_of("\r\n", i), sql_.size());
        } else {
            if (line_end && at(i) == '\'') {
                position = i + 1;
                return true;
            }
            return false;
        }
    }
}

// position_ is behind the opening quote.
void sql_lexer::read_quoted(char quote, bool backslashes, std::size_t begin)
{
    for (;;) {
        if (position_ >= sql_.size()) {
            refuse(begin,
                   quote == '"' ? "a quoted identifier is not closed"
                                : "a quoted string is not closed",
                   std::string{"a "} + quote + " inside the quotes is written twice");
        }
        char const c = sql_[position_++];
        if (c == '\0') {
            refuse(begin, "a quoted text holds a NUL byte", "PostgreSQL's texts have none");
        }
        if (c == '\\' && backslashes) {
            ++position_;
        } else if (c == quote) {
            if (at(position_) == quote) {
                ++position_;
            } else if (quote == '"' || !continues_string(position_)) {
                return;
            }
        }
    }
}

// position_ is at a dollar sign. False, and not moved, when no $tag$ begins here.
bool sql_lexer::read_dollar_quote()
{
    auto i = position_ + 1;
    if (starts_word(at(i))) {
        while (starts_word(at(i)) || is_digit(at(i))) {
            ++i;
        }
    }
    if (at(i) != '$') {
        return false;
    }
    auto const tag = sql_.substr(position_, i + 1 - position_);
    auto const end = sql_.find(tag, i + 1);
    if (end == std::string_view::npos) {
        refuse(position_, "a text quoted by " + printable(tag) + " is not closed",
               "end it with the same tag");
    }
    position_ = end + tag.size();
    return true;
}

void sql_lexer::read_number()
{
    auto const begin = position_;
    bool const based = at(begin) == '0' &&
                       std::string_view{"xXoObB"}.find(at(begin + 1)) != std::string_view::npos &&
                       at(begin + 1) != '\0';
    if (based) { // 0x1F, 0o17, 0b1: from PostgreSQL 16 on
        position_ += 2;
        while (is_digit(at(position_)) || starts_word(at(position_))) {
            ++position_;
        }
        return;
    }
    auto const digits = [&] {
        while (is_digit(at(position_)) || (at(position_) == '_' && is_digit(at(position_ + 1)))) {
            ++position_;
        }
    };
    digits();
    if (at(position_) == '.' && at(position_ + 1) != '.') {
        ++position_;
        digits();
    }
    if (at(position_) == 'e' || at(position_) == 'E') {
        auto const sign = at(position_ + 1) == '+' || at(position_ + 1) == '-' ? 2U : 1U;
        if (is_digit(at(position_ + sign))) {
            position_ += sign;
            digits();
        }
    }
    if (starts_word(at(position_))) {
        refuse(begin, "a number runs into letters", "put a blank between them");
    }
}

sql_token sql_lexer::next()
{
    skip_blanks();
    auto const begin = position_;
    auto const token = [&](sql_token_kind kind) { return sql_token{kind, begin, position_}; };
    if (begin >= sql_.size()) {
        return token(sql_token_kind::end);
    }
    char const c = sql_[begin];
    char const next = at(begin + 1);
    if (c == '\'') {
        ++position_;
        read_quoted('\'', false, begin);
        return token(sql_token_kind::string);
    }
    if (next == '\'' && std::string_view{"eEbBxXnN"}.find(c) != std::string_view::npos) {
        position_ += 2;
        read_quoted('\'', c == 'e' || c == 'E', begin);
        return token(sql_token_kind::string);
    }
    if ((c == 'u' || c == 'U') && next == '&' && (at(begin + 2) == '\'' || at(begin + 2) == '"')) {
        char const quote = at(begin + 2);
        position_ += 3;
        read_quoted(quote, false, begin);
        return token(quote == '"' ? sql_token_kind::quoted_identifier : sql_token_kind::string);
    }
    if (c == '"') {
        ++position_;
        read_quoted('"', false, begin);
        return token(sql_token_kind::quoted_identifier);
    }
    if (starts_word(c)) {
        while (continues_word(at(position_))) {
            ++position_;
        }
        return token(sql_token_kind::word);
    }
    if (is_digit(c) || (c == '.' && is_digit(next))) {
        read_number();
        return token(sql_token_kind::number);
    }
    if (c == '$' && is_digit(next)) {
        do {
            ++position_;
        } while (is_digit(at(position_)));
        return token(sql_token_kind::parameter);
    }
    if (c == '$' && next == '{') {
        refuse(begin, "it has a ${...}",
               "variables are replaced in the keys of a target, never in SQL");
    }
    if (c == '$' && read_dollar_quote()) {
        return token(sql_token_kind::string);
    }
    if (c == '\\') {
        refuse(begin, "it has a backslash", "psql's commands are not SQL; leave them out");
    }
    if (c == '\0') {
        refuse(begin, "it has a NUL byte", "PostgreSQL's texts have none");
    }
    ++position_;
    return token(sql_token_kind::symbol);
}

} // namespace pgtend::model
