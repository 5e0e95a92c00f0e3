// SPDX-License-Identifier: Apache-2.0
// What the server makes of a definition: it builds the index on an empty temporary copy.
#include <map>
#include <optional>
#include <unordered_map>

#include "base/error.hpp"
#include "base/name.hpp"
#include "base/text.hpp"
#include "catalog/load_indexes.hpp"
#include "sql/queries.hpp"

namespace pgtend::catalog {
namespace {

// Nothing, or why it could not be done and was taken back. What ends the work as a whole is thrown.
template <class Work>
std::optional<error> attempt(pg::session &s, pg::limits const &limit, Work const &work)
{
    s.run("SAVEPOINT pgtend", {}, limit);
    try {
        work();
    } catch (error const &e) {
        if (ends_work(e)) {
            throw;
        }
        s.batch("ROLLBACK TO SAVEPOINT pgtend; RELEASE SAVEPOINT pgtend", limit);
        return e;
    }
    s.run("RELEASE SAVEPOINT pgtend", {}, limit);
    return {};
}

void note(wanted_index &of, error const &why, std::string const &during)
{
    of.problem = during + why.message();
    of.hint = why.hint();
    of.sqlstate = why.sqlstate();
}

} // namespace

void ask_definitions(pg::session &s, std::vector<index_request> const &requests,
                     std::vector<wanted_index> &wanted, std::string const &role,
                     std::optional<std::string> const &search_path, pg::limits const &limit)
{
    std::map<std::string, std::vector<std::size_t>> by_table;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (wanted[i].found.usable()) {
            by_table[wanted[i].found.oid].push_back(i);
        }
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
    // "$user" in a search_path is the role that does the work.
    auto const path =
        search_path
            ? *search_path
            : s.run("SELECT reset_val FROM pg_catalog.pg_settings WHERE name = 'search_path'", {},
                    limit)
                  .text(0, 0);
    if (!role.empty()) {
        s.run("SET LOCAL ROLE " + quote_ident(role), {}, limit);
    }
    s.run("SET LOCAL client_min_messages = 'error'", {}, limit);
    auto const search = [&](std::string const &where) {
        s.run("SELECT pg_catalog.set_config('search_path', $1::pg_catalog.text, true)", {where},
              limit);
    };
    auto const name_of = [](std::size_t place) { return "pgtend_" + std::to_string(place); };
    for (auto const &each : by_table) {
        // No structured binding: clang 14 captures none.
        auto const &oid = each.first;
        auto const &places = each.second;
        auto const table = "pg_temp." + quote_ident(wanted[places.front()].found.name.name);
        auto why = attempt(s, limit, [&] {
            s.run("CREATE TEMPORARY TABLE " + table + " (" + join(columns[oid], ", ") + ")", {},
                  limit);
            for (auto const place : places) {
                auto const &request = requests[place];
                auto const wrong = attempt(s, limit, [&] {
                    search(path);
                    s.run(std::string{"CREATE "} + (request.unique ? "UNIQUE " : "") + "INDEX " +
                              name_of(place) + " ON " + table + " " + request.written,
                          {}, limit);
                    search("");
                });
                if (wrong) {
                    note(wanted[place], *wrong, "");
                }
            }
            auto const made = s.run(sql::catalog_index_definitions, {table}, limit);
            for (std::size_t i = 0; i < made.size(); ++i) {
                auto const place = std::stoul(made.text(i, "name").substr(7));
                wanted.at(place).definition = made.text(i, "definition");
            }
            // Tables of other schemas may have the same name.
            s.run("DROP TABLE " + table, {}, limit);
        });
        if (!why) {
            continue;
        }
        if (why->sqlstate() == "42501") {
            why = error{why->message(),
                        "GRANT TEMPORARY ON DATABASE to the role that does the work; what the "
                        "server makes of a definition is seen on an empty temporary table",
                        why->sqlstate()};
        }
        for (auto const place : places) {
            note(wanted[place], *why, "the definition could not be looked at: ");
        }
    }
}

} // namespace pgtend::catalog
