// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <unordered_map>

#include "base/error.hpp"
#include "base/text.hpp"
#include "catalog/load.hpp"
#include "catalog/lookup.hpp"
#include "sql/queries.hpp"

namespace pgtend::catalog {
namespace {

// What the server prints of a query, read and printed again, may have other casts: a view that was
// dumped and restored differs from its source by one or two rounds.
constexpr int most_printings = 3;

view_definition definition_of(pg::session &s, std::string const &view, pg::limits const &limit)
{
    auto const found = s.run(sql::catalog_view_definition, {view}, limit);
    if (found.empty()) {
        throw error{"it was dropped meanwhile"};
    }
    view_definition out;
    out.text = found.text(0, "definition");
    auto const parts = parse_array(found.text(0, "columns"));
    for (std::size_t i = 0; i + 1 < parts.size(); i += 2) {
        out.columns.push_back({parts[i].value_or(""), parts[i + 1].value_or("")});
    }
    return out;
}

void set(pg::session &s, std::string const &name, std::string const &value, pg::limits const &limit)
{
    s.run("SELECT pg_catalog.set_config($1::pg_catalog.text, $2::pg_catalog.text, true)",
          {name, value}, limit);
}

// A temporary view of this query; its name.
std::string make_view(pg::session &s, std::string query, int number, pg::limits const &limit)
{
    auto const name = "\"pgtend declared " + std::to_string(number) + '"';
    auto const end = query.find_last_not_of("; \n");
    query.resize(end == std::string::npos ? 0 : end + 1);
    s.run("CREATE TEMPORARY VIEW " + name + " AS (\n" + query + "\n)", {}, limit);
    return "pg_temp." + name;
}

// In a transaction, which the caller rolls back.
void compare(pg::session &s, declared_matview &out, std::string const &role,
             std::optional<std::string> const &search_path, pg::limits const &limit)
{
    set(s, "lock_timeout", "200ms", limit);
    if (search_path) {
        set(s, "search_path", *search_path, limit);
    } else {
        s.run("SET LOCAL search_path TO DEFAULT", {}, limit);
    }
    if (!role.empty()) {
        set(s, "role", role, limit);
    }
    std::string view;
    try {
        view = make_view(s, out.asked.query, 1, limit);
    } catch (error const &e) {
        // Of class 42 a missing right says nothing of the query.
        out.query_fails = e.sqlstate().starts_with("42") && e.sqlstate() != "42501";
        throw;
    }
    if (!out.view.found.usable()) {
        return;
    }
    set(s, "search_path", "", limit);
    out.existing = definition_of(s, out.view.found.oid, limit);
    auto again = definition_of(s, view, limit);
    out.declared = again;
    for (int round = 2;; ++round) {
        out.as_declared =
            again.columns == out.existing->columns && again.text == out.existing->text;
        if (out.as_declared || round > most_printings) {
            return;
        }
        again = definition_of(s, make_view(s, again.text, round, limit), limit);
    }
}

void try_to_compare(pg::session &s, declared_matview &out, std::string const &role,
                    std::optional<std::string> const &search_path, pg::limits const &limit)
{
    try {
        s.begin(pg::isolation::read_committed, false, limit);
        compare(s, out, role, search_path, limit);
    } catch (error const &e) {
        if (ends_work(e)) {
            throw;
        }
        out.not_compared = complaint{e.message(), e.hint(), e.sqlstate()};
    }
    s.rollback();
    s.take_notices();
}

void add_places(pg::session &s, declared_matviews &out, std::string const &role,
                pg::limits const &limit)
{
    std::vector<param> schemas, names, owners;
    for (auto const &each : out.views) {
        schemas.emplace_back(each.asked.name.schema);
        names.emplace_back(each.asked.name.name);
        owners.emplace_back(each.asked.owner);
    }
    auto const found = s.run(
        sql::catalog_matview_places,
        {array_literal(schemas), array_literal(names), array_literal(owners), role_parameter(role)},
        limit);
    for (std::size_t i = 0; i < found.size(); ++i) {
        auto &view = out.views.at(static_cast<std::size_t>(found.integer(i, "position") - 1));
        auto const kind = found.text(i, "kind");
        view.kind = kind.empty() ? ' ' : kind.front();
        view.schema_exists = found.flag(i, "schema_exists");
        view.creator =
            found.flag(i, "creator_exists") ? found.text(i, "creator") : view.asked.owner;
        view.creator_exists = found.flag(i, "creator_exists");
        view.may_be_creator = found.flag(i, "may_be_creator");
        view.may_create = found.flag(i, "may_create");
        out.role = found.text(i, "role");
        out.login = found.text(i, "login");
        view.comparer = found.text(i, "comparer");
        if (!found.flag(i, "may_compare")) {
            auto const &who = view.comparer.empty() ? out.role : view.comparer;
            view.not_compared = complaint{"role " + display_identifier(who) +
                                              " may not create the temporary view that "
                                              "shows how the server reads the query",
                                          "GRANT TEMPORARY ON DATABASE " +
                                              display_identifier(found.text(i, "database")) +
                                              " TO " + display_identifier(who),
                                          "42501"};
        }
    }
}

// A lock that comes just before a view is measured would be waited for.
rows measured(pg::session &s, std::vector<param> const &parameters, pg::limits const &limit)
{
    s.begin(pg::isolation::read_committed, true, limit);
    try {
        set(s, "lock_timeout", "1s", limit);
        auto out = s.run(sql::catalog_matview_details, parameters, limit);
        s.rollback();
        return out;
    } catch (...) {
        s.rollback();
        throw;
    }
}

void add_details(pg::session &s, declared_matviews &out, std::string const &role,
                 pg::limits const &limit)
{
    std::vector<lookup> found_views;
    for (auto const &each : out.views) {
        found_views.push_back(each.view.found);
    }
    auto const found = measured(s, {found_oids(found_views), role_parameter(role)}, limit);
    std::unordered_map<std::string, std::size_t> row_of;
    for (std::size_t i = 0; i < found.size(); ++i) {
        row_of.emplace(found.text(i, "oid"), i);
    }
    for (auto &view : out.views) {
        auto const row = row_of.find(view.view.found.oid);
        if (row == row_of.end()) {
            continue;
        }
        auto const i = row->second;
        view.owns = found.flag(i, "owns");
        view.tablespace = found.text(i, "tablespace");
        if (found.at(i, found.column("rows"))) {
            view.rows = found.integer(i, "rows");
        }
        if (found.at(i, found.column("bytes"))) {
            view.bytes = found.integer(i, "bytes");
        }
        auto const parts = parse_array(found.text(i, "dependents"));
        for (std::size_t k = 0; k + 1 < parts.size(); k += 2) {
            view.dependents.push_back({parts[k].value_or(""), parts[k + 1].value_or("")});
        }
    }
}

} // namespace

declared_matviews load_declared_matviews(pg::session &s,
                                         std::vector<matview_request> const &requests,
                                         std::string const &role,
                                         std::optional<std::string> const &search_path,
                                         pg::limits const &limit)
{
    std::vector<qualified_name> names;
    for (auto const &each : requests) {
        names.push_back(each.name);
    }
    auto known = load_matviews(s, names, role, limit);
    declared_matviews out;
    out.server_version = known.server_version;
    out.role = known.role;
    for (std::size_t i = 0; i < requests.size(); ++i) {
        declared_matview view;
        view.asked = requests[i];
        view.view = std::move(known.views[i]);
        out.views.push_back(std::move(view));
    }
    if (out.views.empty()) {
        return out;
    }
    add_places(s, out, role, limit);
    add_details(s, out, role, limit);
    for (auto &view : out.views) {
        bool const wanted =
            (view.view.found.usable() || view.kind == ' ') && !view.asked.query.empty();
        if (!wanted) {
            view.not_compared.reset();
        } else if (!view.not_compared) {
            try_to_compare(s, view, view.comparer.empty() ? role : view.comparer, search_path,
                           limit);
        }
    }
    return out;
}

} // namespace pgtend::catalog
