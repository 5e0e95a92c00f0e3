// SPDX-License-Identifier: Apache-2.0
#include "preflight/words.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"
#include "batch/condition.hpp"
#include "model/sql_lexer.hpp"

namespace pgtend::preflight {
namespace {

using token_kind = model::sql_token_kind;

struct word {
    token_kind kind;
    std::string text; // words in lower case, identifiers and plain strings without their quotes
};

std::string without_quotes(std::string_view text, char quote)
{
    std::string out;
    for (std::size_t i = 1; i + 1 < text.size(); ++i) {
        out += text[i];
        i += text[i] == quote ? 1 : 0;
    }
    return out;
}

// Throws error as model::sql_lexer does.
std::vector<word> words_of(std::string_view sql)
{
    model::sql_lexer lexer{sql};
    std::vector<word> out;
    for (auto token = lexer.next(); token.kind != token_kind::end; token = lexer.next()) {
        auto const text = lexer.text(token);
        if (token.kind == token_kind::word) {
            out.push_back({token.kind, lexer.word(token)});
        } else if (token.kind == token_kind::quoted_identifier && text.front() == '"') {
            out.push_back({token.kind, without_quotes(text, '"')});
        } else if (token.kind == token_kind::string && text.front() == '\'') {
            out.push_back({token.kind, without_quotes(text, '\'')});
        } else {
            out.push_back({token.kind, std::string{text}});
        }
    }
    return out;
}

bool is_name(word const &w)
{
    return w.kind == token_kind::word || w.kind == token_kind::quoted_identifier;
}

class text {
  public:
    explicit text(std::string_view sql) : all_{words_of(sql)} {}

    std::size_t size() const { return all_.size(); }
    word const &operator[](std::size_t i) const { return all_[i]; }
    bool is(std::size_t i, std::string_view what) const
    {
        return i < all_.size() && all_[i].text == what && all_[i].kind != token_kind::string &&
               all_[i].kind != token_kind::quoted_identifier;
    }
    // These words from i on.
    bool are(std::size_t i, std::initializer_list<std::string_view> what) const
    {
        return std::all_of(what.begin(), what.end(), [&](auto each) { return is(i++, each); });
    }
    // The name that begins at i, which is moved behind it; an empty one when there is none.
    qualified_name name_at(std::size_t &i) const
    {
        qualified_name out;
        if (i >= all_.size() || !is_name(all_[i])) {
            return out;
        }
        out.name = all_[i++].text;
        if (is(i, ".") && i + 1 < all_.size() && is_name(all_[i + 1])) {
            out.schema = std::exchange(out.name, all_[i + 1].text);
            i += 2;
        }
        return out;
    }

  private:
    std::vector<word> all_;
};

// Where a statement of PL/pgSQL may begin, so that "new.x =" assigns.
bool begins_statement(text const &t, std::size_t i)
{
    static constexpr std::array<std::string_view, 6> before{";",    "begin", "then",
                                                            "else", "loop",  ">>"};
    return i == 0 ||
           std::any_of(before.begin(), before.end(), [&](auto each) { return t.is(i - 1, each); });
}

// INTO in the statement before i, but for INSERT INTO.
bool follows_into(text const &t, std::size_t i)
{
    for (; i > 0 && !t.is(i - 1, ";"); --i) {
        if (t.is(i - 1, "into") && !(i > 1 && t.is(i - 2, "insert"))) {
            return true;
        }
    }
    return false;
}

void add(std::vector<qualified_name> &to, qualified_name name)
{
    if (!name.name.empty() && std::find(to.begin(), to.end(), name) == to.end()) {
        to.push_back(std::move(name));
    }
}

std::size_t skip(text const &t, std::size_t i, std::string_view optional)
{
    return t.is(i, optional) ? i + 1 : i;
}

std::vector<qualified_name> tables_of(model::action const &what)
{
    std::vector<qualified_name> out;
    auto const of = [&](std::vector<model::selection> const &all) {
        for (auto const &each : all) {
            out.push_back(each.table);
        }
    };
    if (auto const *cleanup = std::get_if<model::cleanup_action>(&what)) {
        of(cleanup->from);
    } else if (auto const *expire = std::get_if<model::expire_action>(&what)) {
        of(expire->in);
    } else if (auto const *vacuum = std::get_if<model::vacuum_action>(&what)) {
        out = vacuum->tables;
    } else if (auto const *refresh = std::get_if<model::refresh_action>(&what)) {
        out = refresh->matviews;
    } else if (auto const *partition = std::get_if<model::partition_action>(&what)) {
        out = partition->tables;
    }
    return out;
}

bool same_name(qualified_name const &a, qualified_name const &b)
{
    return a.name == b.name && (a.schema.empty() || b.schema.empty() || a.schema == b.schema);
}

// The tables that a command treats in the way of this kind of job.
std::vector<qualified_name> treated(text const &t, std::string_view kind)
{
    std::vector<qualified_name> out;
    for (std::size_t i = 0; i < t.size(); ++i) {
        std::size_t at = t.size();
        if (kind == "cleanup" && t.are(i, {"delete", "from"})) {
            at = skip(t, i + 2, "only");
        } else if (kind == "cleanup" && t.is(i, "truncate")) {
            at = skip(t, skip(t, i + 1, "table"), "only");
        } else if (kind == "expire" && t.is(i, "update")) {
            at = skip(t, i + 1, "only");
        } else if (kind == "refresh" && t.are(i, {"refresh", "materialized", "view"})) {
            at = skip(t, i + 3, "concurrently");
        } else if (kind == "partition" && t.are(i, {"partition", "of"})) {
            at = i + 2;
        } else if ((kind == "vacuum" && t.is(i, "vacuum")) ||
                   (kind == "analyze" && t.is(i, "analyze"))) {
            for (++i; i < t.size() && !t.is(i, ";"); i += out.back().name.empty() ? 1 : 0) {
                out.push_back(t.name_at(i));
            }
            continue;
        }
        if (at < t.size()) {
            out.push_back(t.name_at(at));
        }
    }
    return out;
}

std::string without_layout(std::string_view sql)
{
    std::string out;
    for (auto const &each : words_of(sql)) {
        out += each.text == ";" ? "" : each.text + " ";
    }
    return out;
}

} // namespace

bool may_assign(std::string_view body, std::string_view column)
try {
    text const t{body};
    for (std::size_t i = 0; i < t.size(); ++i) {
        if (t[i].kind == token_kind::word && t[i].text.ends_with("_populate_record")) {
            return true;
        }
        if (!t.is(i, "new")) {
            continue;
        }
        auto end = i + 1;
        if (t.is(end, ".")) {
            if (end + 1 >= t.size() || t[end + 1].text != column) {
                continue;
            }
            end += 2;
        }
        bool const assigned = t.are(end, {":", "="}) ||
                              (t.is(end, "=") && begins_statement(t, i)) || follows_into(t, i);
        if (assigned) {
            return true;
        }
    }
    return false;
} catch (error const &) {
    return true;
}

std::vector<qualified_name> written_by(std::string_view body)
try {
    text const t{body};
    std::vector<qualified_name> out;
    for (std::size_t i = 0; i < t.size(); ++i) {
        if (t.are(i, {"create", "temp"}) || t.are(i, {"create", "temporary"})) {
            return {};
        }
        std::size_t at = i;
        if (t.are(i, {"insert", "into"}) || t.are(i, {"delete", "from"})) {
            at = skip(t, i + 2, "only");
            add(out, t.name_at(at));
        } else if (t.are(i, {"refresh", "materialized", "view"})) {
            at = skip(t, i + 3, "concurrently");
            add(out, t.name_at(at));
        } else if (t.is(i, "truncate")) {
            at = skip(t, skip(t, i + 1, "table"), "only");
            add(out, t.name_at(at));
        } else if (t.is(i, "update")) {
            at = skip(t, i + 1, "only");
            auto name = t.name_at(at);
            at = skip(t, at, "as");
            if (t.is(at, "set") || t.is(at + 1, "set")) {
                add(out, name.name == "set" ? qualified_name{} : std::move(name));
            }
        }
    }
    return out;
} catch (error const &) {
    return {};
}

std::vector<comparison> literals_in(std::string_view sql)
try {
    text const t{sql};
    std::vector<comparison> out;
    for (std::size_t i = 0; i + 2 < t.size(); ++i) {
        bool const alone =
            i == 0 || t[i - 1].kind != token_kind::symbol || t.is(i - 1, "(") || t.is(i - 1, ".");
        if (alone && is_name(t[i]) && t.is(i + 1, "=") && t[i + 2].kind == token_kind::string) {
            out.push_back({t[i].text, t[i + 2].text});
        }
    }
    return out;
} catch (error const &) {
    return {};
}

std::vector<std::string> names_in(std::string_view sql)
try {
    std::vector<std::string> out;
    for (auto const &each : words_of(sql)) {
        if (is_name(each) && std::find(out.begin(), out.end(), each.text) == out.end()) {
            out.push_back(each.text);
        }
    }
    return out;
} catch (error const &) {
    return {};
}

bool is_plain_expression(std::string_view sql)
try {
    auto const found = batch::mentioned_in(sql);
    auto const all = words_of(sql);
    return !found.reads && std::none_of(all.begin(), all.end(), [](auto const &each) {
        return each.kind == token_kind::symbol && each.text == ".";
    });
} catch (error const &) {
    return false;
}

bool same_work(model::job const &job, std::string_view command)
try {
    auto const kind = model::kind(job.action);
    text const t{command};
    if (auto const *sql = std::get_if<model::sql_action>(&job.action)) {
        return without_layout(sql->text) == without_layout(command);
    }
    if (auto const *watch = std::get_if<model::watch_action>(&job.action)) {
        return without_layout(watch->query) == without_layout(command);
    }
    auto const mine = tables_of(job.action);
    auto const theirs = treated(t, kind);
    return std::any_of(mine.begin(), mine.end(), [&](auto const &table) {
        return std::any_of(theirs.begin(), theirs.end(),
                           [&](auto const &other) { return same_name(table, other); });
    });
} catch (error const &) {
    return false;
}

} // namespace pgtend::preflight
