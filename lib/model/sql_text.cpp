// SPDX-License-Identifier: Apache-2.0
#include "model/sql_text.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <optional>

#include "base/error.hpp"
#include "base/text.hpp"
#include "model/session_setting.hpp"
#include "model/sql_lexer.hpp"

namespace pgtend::model {
namespace {

using kind = sql_token_kind;

// Parentheses and brackets, and what is open.
class nesting {
  public:
    void take(sql_lexer const &lexer, sql_token const &token)
    {
        if (token.kind != kind::symbol) {
            return;
        }
        char const c = lexer.text(token)[0];
        if (c == '(' || c == '[') {
            open_ += c;
        } else if (c == ')' || c == ']') {
            if (open_.empty() || open_.back() != (c == ')' ? '(' : '[')) {
                throw error{std::string{"a '"} + c + "' closes nothing",
                            "parentheses and brackets must pair inside the text"};
            }
            open_.pop_back();
        }
    }
    bool inside() const { return !open_.empty(); }
    void finish() const
    {
        if (!open_.empty()) {
            throw error{std::string{"a '"} + open_.back() + "' is not closed",
                        "parentheses and brackets must pair inside the text"};
        }
    }

  private:
    std::string open_;
};

// Is the scanner inside the BEGIN ATOMIC ... END body of CREATE FUNCTION or PROCEDURE? psql enters
// at any BEGIN (src/fe_utils/psqlscan.l); a function of that name must not hide what follows it.
class routine_body {
  public:
    void word(std::string const &word)
    {
        if (count_ < first_.size()) {
            first_[count_++] = word;
        }
        if (!creates_routine()) {
            return;
        }
        if (depth_ == 0) {
            depth_ = last_ == "begin" && word == "atomic" ? 1 : 0;
        } else if (word == "case" || word == "begin") {
            ++depth_;
        } else if (word == "end") {
            --depth_;
        }
        last_ = word;
    }
    bool inside() const { return depth_ > 0; }

  private:
    bool creates_routine() const
    {
        auto const routine = [](std::string const &w) {
            return w == "function" || w == "procedure";
        };
        return first_[0] == "create" &&
               (routine(first_[1]) ||
                (first_[1] == "or" && first_[2] == "replace" && routine(first_[3])));
    }
    std::array<std::string, 4> first_;
    std::size_t count_ = 0;
    std::string last_;
    int depth_ = 0;
};

// What matters of one statement: its words outside quotes, up to a bound, and its extent.
struct statement_words {
    std::string_view text;
    std::vector<std::string> words; // lower case
    bool parameter = false;
    bool has(std::string_view word) const
    {
        return std::find(words.begin(), words.end(), word) != words.end();
    }
    std::string_view word(std::size_t i) const
    {
        return i < words.size() ? words[i] : std::string_view{};
    }
};

void each_statement(std::string_view sql, std::function<void(statement_words const &)> const &take)
{
    sql_lexer lexer{sql};
    std::size_t begin = 0;
    bool done = false;
    while (!done) {
        statement_words statement;
        nesting parentheses;
        routine_body body;
        bool empty = true;
        for (;;) {
            auto const token = lexer.next();
            done = token.kind == kind::end;
            if (done || (lexer.is_symbol(token, ';') && !parentheses.inside() && !body.inside())) {
                if (!empty) {
                    statement.text = trim(sql.substr(begin, token.begin - begin));
                    parentheses.finish();
                    take(statement);
                }
                begin = token.end;
                break;
            }
            empty = false;
            parentheses.take(lexer, token);
            statement.parameter =
                statement.parameter || (token.kind == kind::parameter && !body.inside());
            if (token.kind == kind::word) {
                auto word = lexer.word(token);
                if (!parentheses.inside()) {
                    body.word(word);
                }
                statement.words.push_back(std::move(word));
            }
        }
    }
}

bool refused_in_transaction(statement_words const &s)
{
    auto const first = s.word(0);
    auto const second = s.word(1);
    if (first == "vacuum" || (first == "alter" && second == "system") ||
        (first == "discard" && second == "all")) {
        return true;
    }
    if (first == "cluster") {
        return s.words.size() == 1;
    }
    if (first == "create" || first == "drop") {
        return second == "database" || second == "tablespace" || second == "subscription" ||
               (s.has("concurrently") && (second == "index" || s.word(2) == "index"));
    }
    if (first == "reindex") {
        return s.has("concurrently") || s.has("schema") || s.has("database") || s.has("system");
    }
    return first == "alter" && second == "table" && s.has("detach") && s.has("concurrently");
}

bool controls_transaction(statement_words const &s)
{
    static constexpr std::array<std::string_view, 8> control{
        "begin", "start", "commit", "end", "rollback", "abort", "savepoint", "release"};
    return std::find(control.begin(), control.end(), s.word(0)) != control.end() ||
           (s.word(0) == "prepare" && s.word(1) == "transaction");
}

std::string capitals(std::string_view word)
{
    std::string out{word};
    std::transform(out.begin(), out.end(), out.begin(), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    return out;
}

void refuse_session_setting(statement_words const &s, std::string const &which)
{
    if (sets_for_session(s.text)) {
        throw error{which + " calls set_config for the session, which outlives the transaction",
                    "its last argument true is SET LOCAL; behind a pooler the other would reach "
                    "other clients"};
    }
}

[[noreturn]] void refuse_parameter()
{
    throw error{"it has a parameter such as $1",
                "write the value itself; nothing is put in for it"};
}

} // namespace

std::vector<std::string> split_statements(std::string_view sql)
{
    std::vector<std::string> out;
    each_statement(sql, [&](statement_words const &s) { out.emplace_back(s.text); });
    return out;
}

bool forbids_transaction(std::string_view statement)
{
    bool out = false;
    each_statement(statement,
                   [&](statement_words const &s) { out = out || refused_in_transaction(s); });
    return out;
}

bool waits_for_transactions(std::string_view statement)
{
    bool out = false;
    each_statement(statement, [&](statement_words const &s) {
        out = out || (refused_in_transaction(s) && s.has("concurrently"));
    });
    return out;
}

bool may_lock_tables(std::string_view statement)
{
    static constexpr std::array<std::string_view, 17> harmless{
        "select",  "with", "insert",  "update",  "delete",     "merge",  "values", "table", "show",
        "explain", "set",  "prepare", "execute", "deallocate", "notify", "call",   "do"};
    bool out = false;
    each_statement(statement, [&](statement_words const &s) {
        out = out || std::find(harmless.begin(), harmless.end(), s.word(0)) == harmless.end();
    });
    return out;
}

bool may_call_anything(std::string_view statement)
{
    bool out = false;
    each_statement(statement, [&](statement_words const &s) {
        auto const first = s.word(0);
        out = out || first == "select" || first == "call" || first == "do" || first == "execute";
    });
    return out;
}

void check_sql(std::string_view text, bool one_transaction)
{
    int number = 0;
    each_statement(text, [&](statement_words const &s) {
        ++number;
        auto const which = "statement " + std::to_string(number);
        auto const first = s.word(0);
        if (controls_transaction(s)) {
            throw error{which + " is transaction control (" + capitals(first) + ")",
                        "the run opens and commits its transaction itself; `statements: separate` "
                        "gives each "
                        "statement its own"};
        }
        if ((first == "set" && s.word(1) != "local" && s.word(1) != "constraints" &&
             s.word(1) != "transaction") ||
            first == "reset") {
            throw error{which + " is " + capitals(first) + ", which outlives the transaction",
                        "write SET LOCAL; behind a pooler the other would reach other clients"};
        }
        refuse_session_setting(s, which);
        if (first == "copy" && (s.has("stdin") || s.has("stdout"))) {
            throw error{which + " copies from or to the client",
                        "a job has no input and output of its own"};
        }
        if (s.parameter && first != "prepare") {
            refuse_parameter();
        }
        if (one_transaction && refused_in_transaction(s)) {
            throw error{which + " (" + capitals(first) + " ...) cannot run inside a transaction",
                        first == "vacuum" ? "use a `vacuum:` job, or write `statements: separate`"
                                          : "write `statements: separate`"};
        }
    });
    if (number == 0) {
        throw error{"it has no statement", "write the SQL that the job runs"};
    }
}

void check_condition(std::string_view where)
{
    sql_lexer lexer{where};
    nesting parentheses;
    bool empty = true;
    for (auto token = lexer.next(); token.kind != kind::end; token = lexer.next()) {
        if (lexer.is_symbol(token, ';')) {
            throw error{"it has a semicolon", "write one condition, without an end of statement"};
        }
        if (token.kind == kind::parameter) {
            refuse_parameter();
        }
        if (empty && token.kind == kind::word && lexer.word(token) == "where") {
            throw error{"it begins with the word WHERE", "write the condition alone"};
        }
        empty = false;
        parentheses.take(lexer, token);
    }
    parentheses.finish();
    if (empty) {
        throw error{"it is empty", "write a condition; `true` if all rows are meant"};
    }
}

std::string single_query(std::string_view query)
{
    static constexpr std::array<std::string_view, 4> reading{"select", "with", "values", "table"};
    std::optional<std::string> out;
    each_statement(query, [&](statement_words const &s) {
        if (out) {
            throw error{"it has more than one statement", "write one query"};
        }
        if (s.parameter) {
            refuse_parameter();
        }
        refuse_session_setting(s, "it");
        if (std::find(reading.begin(), reading.end(), s.word(0)) == reading.end()) {
            throw error{"it is not a query", "begin it with SELECT, WITH, VALUES or TABLE"};
        }
        out = s.text;
    });
    if (!out) {
        throw error{"it is empty", "write the query whose rows are findings"};
    }
    return *out;
}

} // namespace pgtend::model
