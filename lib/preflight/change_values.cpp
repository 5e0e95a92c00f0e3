// SPDX-License-Identifier: Apache-2.0
// What a change sets, and the constraints that may refuse it.
#include <algorithm>

#include "preflight/change_reader.hpp"
#include "preflight/words.hpp"
#include "sql/queries.hpp"

namespace pgtend::preflight {
namespace {

bool one_of(std::vector<std::string> const &some, std::vector<std::string> const &all)
{
    return std::any_of(some.begin(), some.end(), [&](auto const &name) {
        return std::find(all.begin(), all.end(), name) != all.end();
    });
}

} // namespace

void change_reader::read_columns()
{
    auto const found = with_.ask(sql::preflight_columns, {what_.target.found.oid});
    for (std::size_t i = 0; i < found.size(); ++i) {
        column one{.name = found.text(i, "name"),
                   .type = found.text(i, "type"),
                   .base_type = found.text(i, "base_type"),
                   .stored_type = found.text(i, "stored_type"),
                   .is_enum = found.flag(i, "is_enum"),
                   .not_null = found.flag(i, "not_null") || found.flag(i, "domain_not_null"),
                   .partition_key = found.flag(i, "partition_key"),
                   .plain = found.flag(i, "plain"),
                   .domain_calls = found.flag(i, "domain_calls")};
        columns_.emplace(one.name, one);
    }
    for (auto const &name : names_in(what_.rows.where)) {
        if (columns_.contains(name)) {
            facts_.condition_columns.push_back(name);
        }
    }
}

// A value that somebody's function would look at stays as it is in the table.
change_reader::assignments change_reader::harmless() const
{
    auto out = what_.set;
    for (auto &each : out) {
        auto const found = columns_.find(each.column);
        if (!each.is_sql && found != columns_.end() && !found->second.plain) {
            each.value = plan::quote_ident(each.column);
            each.is_sql = true;
        }
    }
    return out;
}

void change_reader::read_set()
{
    for (auto const &each : what_.set) {
        auto const found = columns_.find(each.column);
        if (found == columns_.end()) {
            continue;
        }
        auto const &c = found->second;
        set_column one{.name = c.name,
                       .type = c.type,
                       .not_null = c.not_null,
                       .partition_key = c.partition_key,
                       .unasked = c.domain_calls,
                       .at = each.at.line > 0 ? each.at : facts_.at};
        if (!each.is_sql || !each.value) {
            one.what = each.value ? set_column::holds::value : set_column::holds::null;
            one.value = each.value.value_or("");
        } else if (is_plain_expression(*each.value) && c.plain) {
            evaluate(*each.value, c, one);
        }
        facts_.set.push_back(std::move(one));
    }
}

// Functions of the server alone, under an empty search_path: a column is an error there, and the
// value stays unknown.
void change_reader::evaluate(std::string const &expression, column const &c, set_column &into)
{
    try {
        auto const found = with_.aside([&] {
            with_.set(time_settings(what_.job));
            return with_.ask("SELECT ((" + expression + "\n)::" + c.base_type +
                             ")::pg_catalog.text AS value");
        });
        auto const value = found.at(0, 0);
        into.what = value ? set_column::holds::value : set_column::holds::null;
        into.value = value.value_or("");
    } catch (error const &e) {
        if (with_.is_end(e)) {
            throw;
        }
    }
}

void change_reader::read_checks()
{
    std::vector<known_column> known;
    std::vector<std::string> set, foreign;
    for (auto const &each : facts_.set) {
        auto const &c = columns_.at(each.name);
        set.push_back(each.name);
        if (!c.plain) {
            foreign.push_back(each.name);
        } else if (each.what == set_column::holds::value) {
            known.push_back({each.name, c.stored_type, each.value});
        } else if (each.what == set_column::holds::null) {
            known.push_back({each.name, c.stored_type, std::nullopt});
        }
    }
    auto const found =
        with_.ask(sql::preflight_checks, {what_.target.found.oid, array_literal(oids())});
    for (std::size_t i = 0; i < found.size(); ++i) {
        check_constraint one{.table = {found.text(i, "schema"), found.text(i, "table")},
                             .name = found.text(i, "name"),
                             .expression = found.text(i, "expression"),
                             .columns = texts(found, i, "columns"),
                             .everywhere = found.flag(i, "everywhere") || leaves_.size() == 1};
        if (!one_of(one.columns, set)) {
            continue;
        }
        if (found.flag(i, "plain") && !one_of(one.columns, foreign)) {
            auto const says = ask_about(one, known);
            if (!says) {
                continue;
            }
            one.says = *says;
        }
        facts_.checks.push_back(std::move(one));
    }
}

void change_reader::read_uniques()
{
    std::vector<param> values, nulls;
    std::vector<std::string> set;
    for (auto const &each : facts_.set) {
        set.push_back(each.name);
        if (each.what == set_column::holds::value) {
            values.emplace_back(each.name);
        } else if (each.what == set_column::holds::null) {
            nulls.emplace_back(each.name);
        }
    }
    auto const found =
        with_.ask(sql::preflight_uniques,
                  {array_literal(oids()), array_literal(values), array_literal(nulls)});
    for (std::size_t i = 0; i < found.size(); ++i) {
        auto const predicate = found.text(i, "predicate");
        // With its new value a row may leave the index.
        if (!one_of(set, names_in(predicate))) {
            facts_.uniques.push_back({.table = {found.text(i, "schema"), found.text(i, "table")},
                                      .name = found.text(i, "name"),
                                      .columns = texts(found, i, "columns"),
                                      .partial = !predicate.empty()});
        }
    }
}

// Nothing when it could not be asked, which is told.
std::optional<verdict> change_reader::ask_about(check_constraint const &one,
                                                std::vector<known_column> const &known)
{
    auto const never = [&](bool refuses) {
        return reads_nothing(with_.aside([&] {
            with_.set(time_settings(what_.job));
            return with_
                .ask(constraint_question(one.table, one.columns, known, one.expression, refuses))
                .text(0, 0);
        }));
    };
    try {
        return verdict_of(never(false), never(true));
    } catch (error const &e) {
        if (with_.is_end(e)) {
            throw;
        }
        out_.miss(kind::may_refuse, what_.job, facts_.at,
                  "an answer about CHECK " + display_identifier(one.name) + " of " +
                      display(one.table) + ": " + e.message());
        return std::nullopt;
    }
}

} // namespace pgtend::preflight
