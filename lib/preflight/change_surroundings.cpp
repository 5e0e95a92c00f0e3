// SPDX-License-Identifier: Apache-2.0
// What the rows of a change meet: triggers, foreign keys; and whether there are any.
#include <algorithm>

#include "preflight/change_reader.hpp"
#include "preflight/words.hpp"
#include "sql/queries.hpp"

namespace pgtend::preflight {
namespace {

// Expanding thousands of partitions takes a lock on each.
constexpr std::size_t most_expanded = 100;

bool may_give(std::string const &language, std::string const &body, std::string const &arguments,
              std::string const &column)
{
    if (language == "plpgsql") {
        return may_assign(body, column);
    }
    auto const &names = language == "c" || language == "internal" ? arguments : body;
    return names.find(column) != std::string::npos;
}

} // namespace

void change_reader::read_triggers()
{
    std::vector<std::string> set;
    for (auto const &each : what_.set) {
        set.push_back(each.column);
    }
    auto const found = with_.ask(sql::preflight_triggers, {array_literal(oids())});
    for (std::size_t i = 0; i < found.size(); ++i) {
        auto const only = texts(found, i, "columns");
        bool const named = only.empty() || std::any_of(only.begin(), only.end(), [&](auto &name) {
                               return std::find(set.begin(), set.end(), name) != set.end();
                           });
        if (!(facts_.deletes ? found.flag(i, "of_deletes")
                             : found.flag(i, "of_updates") && named)) {
            continue;
        }
        row_trigger one{.name = found.text(i, "name"),
                        .function = found.text(i, "function"),
                        .before = found.flag(i, "before")};
        auto const body = found.text(i, "source"), language = found.text(i, "language");
        for (auto const &name : set) {
            if (one.before && may_give(language, body, found.text(i, "arguments"), name)) {
                one.may_assign.push_back(name);
            }
        }
        if (language == "plpgsql") {
            one.writes = written_by(body);
        }
        if (!found.flag(i, "own_path") && !one.writes.empty()) {
            look_up_tables_of(one);
        }
        facts_.triggers.push_back(std::move(one));
    }
}

void change_reader::look_up_tables_of(row_trigger &one)
{
    std::vector<param> schemas, names;
    for (auto const &each : one.writes) {
        schemas.emplace_back(each.schema);
        names.emplace_back(each.name);
    }
    tried(of_table("", nullptr), [&] {
        auto const missing = with_.as(what_.job, [&] {
            return with_.ask(sql::preflight_missing,
                             {array_literal(schemas), array_literal(names)});
        });
        for (std::size_t i = 0; i < missing.size(); ++i) {
            one.not_found.push_back(
                one.writes.at(static_cast<std::size_t>(missing.integer(i, "place") - 1)));
        }
    });
}

void change_reader::read_references()
{
    auto const found = with_.ask(sql::preflight_references, {array_literal(oids())});
    for (std::size_t i = 0; i < found.size(); ++i) {
        facts_.references.push_back({.table = {found.text(i, "schema"), found.text(i, "table")},
                                     .name = found.text(i, "name"),
                                     .action = found.text(i, "action").at(0),
                                     .columns = texts(found, i, "columns"),
                                     .indexed = found.flag(i, "indexed"),
                                     .rows = found.integer(i, "rows")});
    }
}

void change_reader::look_for_contradictions()
{
    if (leaves_.size() > most_expanded) {
        return;
    }
    try {
        facts_.never = reads_nothing(with_.as(what_.job, [&] {
            with_.set(contradiction_settings());
            return with_.ask(contradiction_question(table_, what_.rows.where)).text(0, 0);
        }));
        if (!facts_.never) {
            read_literals();
        }
    } catch (error const &e) {
        if (with_.is_end(e)) {
            throw;
        }
        // What keeps the work from its table is told of the work itself.
    }
}

void change_reader::read_literals()
{
    std::vector<param> columns, literals;
    for (auto const &each : literals_in(what_.rows.where)) {
        columns.emplace_back(each.column);
        literals.emplace_back(each.literal);
    }
    if (columns.empty()) {
        return;
    }
    auto const found = with_.aside([&] {
        return with_.ask(
            sql::preflight_literals,
            {array_literal({table_.name}), array_literal(columns), array_literal(literals)});
    });
    for (std::size_t i = 0; i < found.size(); ++i) {
        qualified_name const table{found.text(i, "schema"), found.text(i, "table")};
        if (table == table_) {
            facts_.literals.push_back(
                {table, found.text(i, "column"), found.text(i, "literal"), found.text(i, "seen")});
        }
    }
}

} // namespace pgtend::preflight
