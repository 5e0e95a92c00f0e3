// SPDX-License-Identifier: Apache-2.0
#include "preflight/read_text.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "base/text.hpp"
#include "model/sql_lexer.hpp"
#include "model/sql_text.hpp"
#include "preflight/judge.hpp"
#include "preflight/questions.hpp"
#include "preflight/words.hpp"
#include "sql/queries.hpp"

namespace pgtend::preflight {
namespace {

std::string first_word(std::string_view sql)
{
    model::sql_lexer lexer{sql};
    auto token = lexer.next();
    while (lexer.is_symbol(token, '(')) {
        token = lexer.next();
    }
    return token.kind == model::sql_token_kind::word ? lexer.word(token) : std::string{};
}

// What EXPLAIN takes.
bool has_plan(std::string const &word)
{
    constexpr std::array<std::string_view, 8> some{"select", "insert", "update", "delete",
                                                   "with",   "values", "table",  "merge"};
    return std::find(some.begin(), some.end(), word) != some.end();
}

// After which a name may mean something else.
bool may_make_names(std::string const &word)
{
    constexpr std::array<std::string_view, 8> some{"create", "alter", "drop", "import",
                                                   "set",    "do",    "call", "execute"};
    return std::find(some.begin(), some.end(), word) != some.end();
}

bool is_unknown_object(std::string const &state)
{
    constexpr std::array<std::string_view, 6> some{"42P01", "42703", "42883",
                                                   "42704", "3F000", "42P10"};
    return std::find(some.begin(), some.end(), state) != some.end();
}

class reader {
  public:
    reader(asking &with, model::job const &job, std::vector<plan::statement> const &all,
           outbox &out)
        : with_{with}, job_{job}, all_{all}, out_{out}
    {
    }

    void read()
    {
        for (std::size_t i = 0; i < all_.size(); ++i) {
            auto const &each = all_[i];
            read(each, i);
            makes_names_ = makes_names_ || may_make_names(first_word(each.sql));
        }
        if (auto const *watch = std::get_if<model::watch_action>(&job_.action)) {
            auto const query = model::single_query(watch->query);
            bool const never = is_never(contradiction_question(query), query);
            if (!never) {
                read_literals(query);
            }
            if (watch->insert_into) {
                read_columns_left_out(*watch);
            }
        }
    }

  private:
    void read(plan::statement const &each, std::size_t place)
    {
        auto const word = first_word(each.sql);
        outbox::failure const of{job_, place_of(job_),
                                 all_.size() > 1 ? fmt::format("statement {}", place + 1)
                                                 : std::string{model::kind(job_.action)},
                                 "correct the statement, or create what it names", &each};
        if (!tried(of, [&] { return with_.parse(each.sql); })) {
            return;
        }
        if (word == "do") {
            out_.miss(kind::statement, job_, of.at,
                      "a run: what a DO block does is not looked into");
        } else if (!has_plan(word)) {
            look_up_tables_of(each, of);
        } else if (tried(of, [&] { return with_.ask("EXPLAIN (FORMAT JSON) " + each.sql); })) {
            if (std::holds_alternative<model::sql_action>(job_.action) && word == "select") {
                is_never(contradiction_question(each.sql), each.sql);
            }
        }
    }

    template <class Work> bool tried(outbox::failure const &of, Work const &work)
    {
        try {
            with_.as(job_, work);
            return true;
        } catch (error const &e) {
            if (with_.is_end(e)) {
                throw;
            }
            if (makes_names_ && is_unknown_object(e.sqlstate())) {
                out_.miss(kind::statement, job_, of.at,
                          of.object + " after those before it: " + e.message());
            } else {
                out_.fail(of, e);
            }
            return false;
        }
    }

    // Of a statement that the server only looks at when it runs it.
    void look_up_tables_of(plan::statement const &each, outbox::failure const &of)
    {
        auto const names = written_by(each.sql);
        std::vector<param> schemas, plain;
        for (auto const &name : names) {
            schemas.emplace_back(name.schema);
            plain.emplace_back(name.name);
        }
        if (names.empty() || makes_names_) {
            return;
        }
        tried(of, [&] {
            auto const missing =
                with_.ask(sql::preflight_missing, {array_literal(schemas), array_literal(plain)});
            if (!missing.empty()) {
                auto const &name =
                    names.at(static_cast<std::size_t>(missing.integer(0, "place") - 1));
                throw error{"relation " + display(name) + " does not exist", {}, "42P01"};
            }
            return true;
        });
    }

    bool is_never(std::string const &question, std::string const &text)
    {
        try {
            auto const names = names_in(text);
            bool const empty = with_.aside([&] {
                return with_
                    .ask(sql::preflight_empty_roots, {array_literal({names.begin(), names.end()})})
                    .flag(0, "empty");
            });
            bool const never = !empty && reads_nothing(with_.as(job_, [&] {
                with_.set(contradiction_settings());
                return with_.ask(question).text(0, 0);
            }));
            if (never) {
                out_.add({kind::never, job_.name, place_of(job_),
                          std::string{model::kind(job_.action)},
                          "no row can ever match its conditions, by the types and the CHECK "
                          "constraints of the tables",
                          "correct the conditions"});
            }
            return never;
        } catch (error const &e) {
            if (with_.is_end(e)) {
                throw;
            }
            return false; // what is wrong with it is told of the statement
        }
    }

    void read_literals(std::string const &query)
    {
        std::vector<param> columns, literals;
        for (auto const &each : literals_in(query)) {
            columns.emplace_back(each.column);
            literals.emplace_back(each.literal);
        }
        if (columns.empty()) {
            return;
        }
        auto const names = names_in(query);
        auto const found = with_.aside([&] {
            return with_.ask(sql::preflight_literals,
                             {array_literal({names.begin(), names.end()}), array_literal(columns),
                              array_literal(literals)});
        });
        change_facts facts{.job = job_.name, .at = place_of(job_), .table = {}, .role = {}};
        for (std::size_t i = 0; i < found.size(); ++i) {
            facts.literals.push_back({{found.text(i, "schema"), found.text(i, "table")},
                                      found.text(i, "column"),
                                      found.text(i, "literal"),
                                      found.text(i, "seen")});
        }
        out_.add(judge(facts));
    }

    // NOT NULL, and neither in the list nor given by a default or a trigger.
    void read_columns_left_out(model::watch_action const &watch)
    {
        auto const target =
            with_.aside([&] { return with_.find(*watch.insert_into, "rp", "table"); });
        if (!target.usable()) {
            return; // told of the statement
        }
        auto const columns = with_.ask(sql::preflight_columns, {target.oid});
        auto const triggers = with_.ask(sql::preflight_triggers, {array_literal({target.oid})});
        for (std::size_t i = 0; i < columns.size(); ++i) {
            auto const name = columns.text(i, "name");
            bool given =
                columns.flag(i, "has_default") ||
                std::find(watch.columns.begin(), watch.columns.end(), name) != watch.columns.end();
            for (std::size_t t = 0; t < triggers.size(); ++t) {
                given = given || (triggers.flag(t, "of_inserts") && triggers.flag(t, "before") &&
                                  (triggers.text(t, "language") != "plpgsql" ||
                                   may_assign(triggers.text(t, "source"), name)));
            }
            if (!given && (columns.flag(i, "not_null") || columns.flag(i, "domain_not_null"))) {
                out_.add({kind::refused, job_.name, place_of(job_),
                          display(target.name) + "." + display_identifier(name),
                          "is NOT NULL, has no default, and is not among the columns that are "
                          "inserted: every finding fails",
                          fmt::format("columns: with {}, or ALTER TABLE {} ALTER COLUMN {} SET "
                                      "DEFAULT ...",
                                      display_identifier(name), plan::quote(target.name),
                                      plan::quote_ident(name))});
            }
        }
    }

    asking &with_;
    model::job const &job_;
    std::vector<plan::statement> const &all_;
    outbox &out_;
    bool makes_names_ = false; // a statement before this one
};

} // namespace

void read_text(asking &with, model::job const &job, std::vector<plan::statement> const &all,
               outbox &out)
{
    reader{with, job, all, out}.read();
}

} // namespace pgtend::preflight
