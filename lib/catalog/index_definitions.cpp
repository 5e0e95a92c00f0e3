// SPDX-License-Identifier: Apache-2.0
// What the server makes of a definition: it builds the index on an empty temporary copy.
#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

#include "base/error.hpp"
#include "base/name.hpp"
#include "base/text.hpp"
#include "catalog/load_indexes.hpp"
#include "sql/queries.hpp"

namespace pgtend::catalog {
namespace {

// What the server prints of an expression, read and printed again, may have other casts, as those
// of `varchar IN (...)`: an index that was built from a printed definition, by pgtend or by a
// restored dump, differs from its source by one or two rounds.
constexpr int most_rounds = 3;

void note(wanted_index &of, error const &why, std::string const &during)
{
    of.problem = during + why.message();
    of.hint = why.hint();
    of.sqlstate = why.sqlstate();
}

std::string index_name(std::size_t place, int round)
{
    return "pgtend_" + std::to_string(place) + "_" + std::to_string(round);
}

struct made_index {
    std::string definition;
    bool free = false; // with an expression or a condition
};

// By name, of a temporary table.
std::unordered_map<std::string, made_index> made_indexes(pg::session &s, std::string const &table,
                                                         pg::limits const &limit)
{
    auto const found = s.run(sql::catalog_index_definitions, {table}, limit);
    std::unordered_map<std::string, made_index> out;
    for (std::size_t i = 0; i < found.size(); ++i) {
        out.emplace(found.text(i, "name"),
                    made_index{found.text(i, "definition"), found.flag(i, "is_free")});
    }
    return out;
}

// Under an empty search_path, as what is printed wants it. Those whose definition came out as one
// that is known already are done.
void ask_again(pg::session &s, std::string const &table, std::vector<std::size_t> places,
               std::vector<index_request> const &requests, std::vector<wanted_index> &wanted,
               pg::limits const &limit)
{
    for (int round = 2; round <= most_rounds && !places.empty(); ++round) {
        for (auto const place : places) {
            auto const &known = wanted[place];
            // What fails here fails when it is built, and is told then.
            attempt(s, limit, [&] {
                s.run(std::string{"CREATE "} + (requests[place].unique ? "UNIQUE " : "") +
                          "INDEX " + index_name(place, round) + " ON " + table + " " +
                          (known.also.empty() ? known.definition : known.also.back()),
                      {}, limit);
            });
        }
        auto const made = made_indexes(s, table, limit);
        std::erase_if(places, [&](std::size_t place) {
            auto const at = made.find(index_name(place, round));
            if (at == made.end() || wanted[place].is(at->second.definition)) {
                return true;
            }
            wanted[place].also.push_back(at->second.definition);
            return false;
        });
    }
}

using printed_index = std::tuple<std::string, std::string, std::string>;

// Table, name and definition of those whose definition needs no second look: a valid index of a
// table with rows that has the name. In a partition one may wait to be attached that was built from
// a printed definition.
std::set<printed_index> finished_ones(index_snapshot const &found)
{
    std::unordered_set<std::string> with_rows;
    for (auto const &each : found.tables) {
        if (each.kind != 'p') {
            with_rows.insert(each.oid);
        }
    }
    std::set<printed_index> out;
    for (auto const &each : found.indexes) {
        if (each.valid && with_rows.contains(each.table_oid)) {
            out.emplace(each.table_oid, each.name.name, each.definition);
        }
    }
    return out;
}

} // namespace

bool wanted_index::is(std::string const &other) const
{
    return other == definition || std::find(also.begin(), also.end(), other) != also.end();
}

void ask_definitions(pg::session &s, std::vector<index_request> const &requests,
                     index_snapshot &into, std::string const &role,
                     std::optional<std::string> const &search_path, pg::limits const &limit)
{
    auto &wanted = into.wanted;
    std::map<std::string, std::vector<std::size_t>> by_table;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (wanted[i].found.usable() && wanted[i].definition.empty()) {
            by_table[wanted[i].found.oid].push_back(i);
        }
    }
    if (by_table.empty()) {
        return;
    }
    std::vector<param> oids;
    for (auto const &[oid, places] : by_table) {
        oids.emplace_back(oid);
    }
    auto const found = s.run(sql::catalog_index_columns, {array_literal(oids)}, limit);
    std::unordered_map<std::string, std::vector<std::string>> columns;
    for (std::size_t i = 0; i < found.size(); ++i) {
        columns[found.text(i, "oid")].push_back(found.text(i, "definition"));
    }
    auto const done = finished_ones(into);
    if (!role.empty()) {
        s.run("SET LOCAL ROLE " + quote_ident(role), {}, limit);
    }
    s.run("SET LOCAL client_min_messages = 'error'", {}, limit);
    // "$user" in a search_path is the role that does the work.
    auto const search_as_written = [&] {
        if (search_path) {
            s.run("SELECT pg_catalog.set_config('search_path', $1::pg_catalog.text, true)",
                  {*search_path}, limit);
        } else {
            s.run("SET LOCAL search_path TO DEFAULT", {}, limit);
        }
    };
    auto const create = [&](std::string const &table, std::size_t place) {
        return std::string{"CREATE "} + (requests[place].unique ? "UNIQUE " : "") + "INDEX " +
               index_name(place, 1) + " ON " + table + " " + requests[place].written;
    };
    for (auto const &each : by_table) {
        // No structured binding: clang 14 captures none.
        auto const &oid = each.first;
        auto const &places = each.second;
        auto const table = "pg_temp." + quote_ident(wanted[places.front()].found.name.name);
        auto why = attempt(s, limit, [&] {
            s.run("CREATE TEMPORARY TABLE " + table + " (" + join(columns[oid], ", ") + ")", {},
                  limit);
            search_as_written();
            for (auto const place : places) {
                if (auto const wrong =
                        attempt(s, limit, [&] { s.run(create(table, place), {}, limit); })) {
                    note(wanted[place], *wrong, "");
                }
            }
            s.run("SET LOCAL search_path TO ''", {}, limit);
            std::vector<std::size_t> unsure;
            auto const made = made_indexes(s, table, limit);
            for (auto const place : places) {
                if (auto const at = made.find(index_name(place, 1)); at != made.end()) {
                    wanted[place].definition = at->second.definition;
                    if (at->second.free &&
                        !done.contains({oid, requests[place].name, at->second.definition})) {
                        unsure.push_back(place);
                    }
                }
            }
            ask_again(s, table, std::move(unsure), requests, wanted, limit);
            // Tables of other schemas may have the same name.
            s.run("DROP TABLE " + table, {}, limit);
        });
        if (!why) {
            continue;
        }
        if (why->sqlstate() == "42501") {
            auto const who =
                s.run("SELECT pg_catalog.current_database(), current_user, "
                      "pg_catalog.has_database_privilege(pg_catalog.current_database(), "
                      "'TEMPORARY')",
                      {}, limit);
            why = who.flag(0, 2)
                      ? why
                      : error{why->message(),
                              "GRANT TEMPORARY ON DATABASE " + quote_ident(who.text(0, 0)) +
                                  " TO " + quote_ident(who.text(0, 1)) +
                                  "; what the server makes of a definition is seen on an empty "
                                  "temporary table",
                              why->sqlstate()};
        }
        for (auto const place : places) {
            note(wanted[place], *why, "the definition could not be looked at: ");
            wanted[place].unasked = true;
        }
    }
}

} // namespace pgtend::catalog
