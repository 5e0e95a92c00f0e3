// SPDX-License-Identifier: Apache-2.0
// Just enough of PostgreSQL's scanner (src/backend/parser/scan.l) to know what is a quote, a
// comment, a word.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/position.hpp"

namespace pgtend::model {

enum class sql_token_kind {
    word,              // keyword or unquoted identifier
    quoted_identifier, // "..." and U&"..."
    string,            // '...', E'...', B'...', X'...', N'...', U&'...', $tag$...$tag$
    number,
    parameter, // $1
    symbol,    // one character of punctuation or of an operator
    end,
};

struct sql_token {
    sql_token_kind kind = sql_token_kind::end;
    std::size_t begin = 0; // bytes of the text
    std::size_t end = 0;
};

// Reads under standard_conforming_strings = on, which every session of the work sets. Blanks and
// comments (nested ones too) are skipped. Linear in the length of the text.
class sql_lexer {
  public:
    explicit sql_lexer(std::string_view sql) : sql_{sql} {}

    // Throws error, with a hint and the line of the text, when a quote or a comment is not closed,
    // when a number runs into letters, and at what SQL does not have: a NUL, a backslash (psql's
    // commands), ${ (variables are not replaced in SQL).
    sql_token next();

    std::string_view text(sql_token const &token) const
    {
        return sql_.substr(token.begin, token.end - token.begin);
    }
    // The same in lower case (ASCII), for comparing words.
    std::string word(sql_token const &token) const;
    bool is_symbol(sql_token const &token, char c) const
    {
        return token.kind == sql_token_kind::symbol && sql_[token.begin] == c;
    }
    // Those that were skipped until now and go to the end of their lines.
    std::vector<text_span> const &line_comments() const { return line_comments_; }

  private:
    [[noreturn]] void refuse(std::size_t at, std::string const &what, std::string hint) const;
    char at(std::size_t index) const { return index < sql_.size() ? sql_[index] : '\0'; }
    void skip_blanks();
    void skip_block_comment();
    void read_quoted(char quote, bool backslashes, std::size_t begin);
    bool continues_string(std::size_t &position) const;
    bool read_dollar_quote();
    void read_number();

    std::string_view sql_;
    std::size_t position_ = 0;
    std::vector<text_span> line_comments_;
};

} // namespace pgtend::model
