// SPDX-License-Identifier: Apache-2.0
#include "catalog/load_indexes.hpp"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "base/text.hpp"
#include "catalog/index_reader.hpp"
#include "catalog/load.hpp"
#include "catalog/lookup.hpp"
#include "sql/queries.hpp"

namespace pgtend::catalog {
namespace {

std::string oids_of(std::vector<index_table> const &tables)
{
    std::vector<param> out;
    for (auto const &each : tables) {
        out.emplace_back(each.oid);
    }
    return array_literal(out);
}

void find_takers(pg::session &s, std::vector<index_request> const &requests,
                 std::vector<wanted_index> &wanted, pg::limits const &limit)
{
    std::vector<param> schemas, names;
    for (std::size_t i = 0; i < requests.size(); ++i) {
        schemas.emplace_back(wanted[i].found.usable() ? wanted[i].found.name.schema
                                                      : requests[i].table.schema);
        names.emplace_back(requests[i].name);
    }
    auto const found =
        s.run(sql::catalog_index_names, {array_literal(schemas), array_literal(names)}, limit);
    for (std::size_t i = 0; i < found.size(); ++i) {
        auto &each = wanted.at(static_cast<std::size_t>(found.integer(i, "position") - 1));
        qualified_name const table{found.text(i, "table_schema"), found.text(i, "table_name")};
        if (table.name.empty()) {
            each.taken_by = kind_name(found.text(i, "kind").at(0));
        } else if (table != each.found.name) {
            each.taken_by = "index of " + display(table);
        }
    }
}

std::vector<table_index> read_once(pg::session &s, param const &tables, printing of,
                                   pg::limits const &limit, index_choice const &chosen)
{
    rows found;
    auto const ask = [&](param const &leave_out_locked) {
        found = s.run(sql::catalog_indexes,
                      {tables, leave_out_locked, of == printing::compared ? "t" : "f",
                       chosen.tables, chosen.names},
                      limit);
    };
    auto const waited = attempt(s, limit, [&] { ask("f"); });
    if (waited && waited->sqlstate() != "55P03") {
        throw error{*waited};
    }
    if (waited) {
        ask("t");
    }
    index_reader const reader{found};
    std::vector<table_index> out;
    out.reserve(found.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
        out.push_back(reader.read(i));
    }
    return out;
}

void know_plain_ones(std::vector<index_request> const &requests, index_snapshot &into)
{
    std::unordered_set<std::string> printed;
    for (auto const &each : into.indexes) {
        printed.insert(each.table_oid + " " + each.definition);
    }
    for (std::size_t i = 0; i < requests.size(); ++i) {
        auto &each = into.wanted[i];
        if (!requests[i].plain.empty() &&
            printed.contains(each.found.oid + " " + requests[i].plain)) {
            each.definition = requests[i].plain;
        }
    }
}

// As is_usable_unique_index() of the server has it.
bool serves_refresh(table_index const &each)
{
    return each.of_matview && each.unique && each.valid && each.immediate && !each.partial &&
           each.method == "btree" &&
           std::all_of(each.key_columns.begin(), each.key_columns.end(),
                       [](int column) { return column > 0; });
}

} // namespace

looking_transaction::looking_transaction(pg::session &s, bool writes, pg::limits const &limit)
    : session_{s}
{
    s.begin(pg::isolation::read_committed, !writes, limit);
    try {
        s.run("SELECT pg_catalog.set_config('search_path', '', true), "
              "pg_catalog.set_config('lock_timeout', '1s', true)",
              {}, limit);
    } catch (...) {
        s.rollback();
        throw;
    }
}

std::vector<table_index> read_indexes(pg::session &s, param const &tables, printing of,
                                      pg::limits const &limit, index_choice const &chosen)
{
    constexpr int most_attempts = 3;
    std::vector<table_index> out;
    for (int i = 0; i < most_attempts; ++i) {
        out = read_once(s, tables, of, limit, chosen);
        // Who prints an index looks at it later than the query: it may be gone by then.
        if (std::none_of(out.begin(), out.end(), [](auto const &each) {
                return each.printed && each.definition.empty();
            })) {
            break;
        }
    }
    return out;
}

std::vector<index_table> read_index_tables(pg::session &s, std::string const &oids,
                                           std::string const &role, std::string &worker,
                                           pg::limits const &limit)
{
    auto const found = s.run(sql::catalog_index_tables, {oids, role_parameter(role)}, limit);
    std::vector<index_table> out;
    for (std::size_t i = 0; i < found.size(); ++i) {
        index_table each;
        each.oid = found.text(i, "oid");
        each.name = {found.text(i, "schema"), found.text(i, "name")};
        each.kind = found.text(i, "kind").at(0);
        each.parent = found.text(i, "parent");
        each.temporary = found.flag(i, "temporary");
        each.may = found.flag(i, "may");
        each.may_create = found.flag(i, "may_create");
        each.owner = found.text(i, "owner");
        each.owner_is_superuser = found.flag(i, "owner_is_superuser");
        worker = found.text(i, "role");
        out.push_back(std::move(each));
    }
    return out;
}

index_snapshot load_indexes(pg::session &s, std::vector<index_request> const &wanted,
                            std::string const &role, std::optional<std::string> const &search_path,
                            pg::limits const &limit)
{
    index_snapshot out;
    out.server_version = s.server_version();
    check_role(s, role, limit);
    std::vector<qualified_name> names;
    for (auto const &each : wanted) {
        names.push_back(each.table);
    }
    for (auto &each : find(s, names, "rpm", "table", limit)) {
        out.wanted.push_back({std::move(each), {}, {}, {}, {}, {}, {}});
    }
    if (wanted.empty()) {
        return out;
    }
    // A standby takes no temporary table: the rest can be read all the same.
    bool const standby = s.run("SELECT pg_catalog.pg_is_in_recovery()", {}, limit).flag(0, 0);
    looking_transaction const looking{s, !standby, limit};
    std::vector<lookup> tables;
    std::vector<param> called;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        tables.push_back(out.wanted[i].found);
        called.emplace_back(wanted[i].name);
    }
    auto const chosen = found_oids(tables);
    out.tables = read_index_tables(s, chosen, role, out.role, limit);
    out.indexes =
        read_indexes(s, oids_of(out.tables), printing::all, limit, {chosen, array_literal(called)});
    find_takers(s, wanted, out.wanted, limit);
    know_plain_ones(wanted, out);
    if (standby) {
        for (auto &each : out.wanted) {
            if (!each.definition.empty()) {
                continue;
            }
            each.problem = "a standby cannot tell what the server makes of a definition";
            each.hint = "ask the primary";
            each.sqlstate = "25006";
            each.unasked = true;
        }
    } else {
        ask_definitions(s, wanted, out, role, search_path, limit);
    }
    return out;
}

bool load_taken_names(pg::session &s, std::vector<qualified_name> const &names,
                      index_snapshot &into, pg::limits const &limit)
{
    if (names.empty()) {
        return false;
    }
    std::vector<param> schemas, relations;
    for (auto const &each : names) {
        schemas.emplace_back(each.schema);
        relations.emplace_back(each.name);
    }
    auto const found =
        s.run(sql::catalog_index_names, {array_literal(schemas), array_literal(relations)}, limit);
    bool news = false;
    for (std::size_t i = 0; i < found.size(); ++i) {
        auto const &name = names.at(static_cast<std::size_t>(found.integer(i, "position") - 1));
        news = into.taken.insert(name).second || news;
    }
    return news;
}

index_overview load_index_overview(pg::session &s, std::vector<qualified_name> const &tables,
                                   std::vector<lookup> &asked, pg::limits const &limit)
{
    index_overview out;
    asked = find(s, tables, "rpm", "table", limit);
    looking_transaction const looking{s, false, limit};
    param of;
    if (!tables.empty()) {
        std::string worker;
        of = oids_of(read_index_tables(s, found_oids(asked), {}, worker, limit));
    }
    out.indexes = read_indexes(s, of, printing::compared, limit);
    auto const found = s.run(sql::catalog_foreign_keys, {of}, limit);
    for (std::size_t i = 0; i < found.size(); ++i) {
        if (found.at(i, found.column("stats_reset"))) {
            out.counted_since = found.integer(i, "stats_reset");
        }
        if (!found.at(i, found.column("name"))) {
            continue;
        }
        foreign_key key{.name = found.text(i, "name"),
                        .table = {found.text(i, "table_schema"), found.text(i, "table_name")},
                        .table_oid = found.text(i, "table_oid"),
                        .columns = {},
                        .column_names = {}};
        for (auto const &each : vector_elements(found.text(i, "columns"))) {
            key.columns.push_back(std::stoi(each));
        }
        for (auto const &each : parse_array(found.text(i, "column_names"))) {
            key.column_names.push_back(each.value_or(""));
        }
        out.foreign_keys.push_back(std::move(key));
    }
    return out;
}

std::vector<named_index> load_named_indexes(pg::session &s,
                                            std::vector<qualified_name> const &names,
                                            std::string const &role, pg::limits const &limit)
{
    check_role(s, role, limit);
    std::vector<named_index> out;
    for (auto &each : find(s, names, "iI", "index", limit)) {
        named_index named;
        named.found = std::move(each);
        out.push_back(std::move(named));
    }
    std::vector<lookup> lookups;
    for (auto const &each : out) {
        lookups.push_back(each.found);
    }
    looking_transaction const looking{s, false, limit};
    auto const found =
        s.run(sql::catalog_index_owner, {found_oids(lookups), role_parameter(role)}, limit);
    std::unordered_map<std::string, named_index *> by_oid;
    for (auto &each : out) {
        by_oid.emplace(each.found.oid, &each);
    }
    std::vector<param> tables;
    for (std::size_t i = 0; i < found.size(); ++i) {
        auto &each = *by_oid.at(found.text(i, "oid"));
        if (each.tables.empty()) {
            each.may = found.flag(i, "may");
            each.owner = found.text(i, "owner");
            each.owner_is_superuser = found.flag(i, "owner_is_superuser");
            each.role = found.text(i, "role");
            each.attached = {found.text(i, "parent_schema"), found.text(i, "parent_name")};
            tables.emplace_back(found.text(i, "table_oid"));
        }
        each.tables.push_back({found.text(i, "table_schema"), found.text(i, "table_name")});
    }
    std::unordered_set<std::string> still_refreshed;
    for (auto &index : read_indexes(s, array_literal(tables), printing::all, limit)) {
        if (auto const at = by_oid.find(index.oid); at != by_oid.end()) {
            at->second->index = std::move(index);
        } else if (serves_refresh(index)) {
            still_refreshed.insert(index.table_oid);
        }
    }
    for (auto &each : out) {
        each.last_for_refresh = each.index && serves_refresh(*each.index) &&
                                !still_refreshed.contains(each.index->table_oid);
    }
    return out;
}

} // namespace pgtend::catalog
