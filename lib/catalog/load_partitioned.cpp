// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

#include "base/text.hpp"
#include "catalog/bound.hpp"
#include "catalog/load.hpp"
#include "catalog/lookup.hpp"
#include "sql/queries.hpp"

namespace pgtend::catalog {
namespace {

std::vector<std::string> strings(std::string const &literal)
{
    std::vector<std::string> out;
    for (auto &each : parse_array(literal)) {
        out.push_back(std::move(each).value_or(""));
    }
    return out;
}

// "RANGE (created_at, an expression)"
std::string definition(partitioned_table const &table)
{
    std::vector<std::string> key;
    for (auto const &each : table.key) {
        key.push_back(each.empty() ? "an expression" : display_identifier(each));
    }
    auto const how = table.strategy == 'r' ? "RANGE" : table.strategy == 'l' ? "LIST" : "HASH";
    return how + (" (" + join(key, ", ") + ")");
}

struct partition_key {
    std::string oid; // of the table
    char strategy;
    std::vector<std::string> columns;
    std::string type;
};

// Of those that are there and partitioned; a name without a schema is none.
std::map<qualified_name, partition_key>
read_keys(pg::session &s, std::vector<qualified_name> const &names, pg::limits const &limit)
{
    std::set<qualified_name> const once{names.begin(), names.end()};
    std::vector<param> schemas, tables;
    for (auto const &each : once) {
        schemas.emplace_back(each.schema);
        tables.emplace_back(each.name);
    }
    std::map<qualified_name, partition_key> out;
    if (once.empty()) {
        return out;
    }
    auto const found = s.run(sql::catalog_partitioned_tables,
                             {array_literal(schemas), array_literal(tables)}, limit);
    for (std::size_t i = 0; i < found.size(); ++i) {
        out.insert_or_assign({found.text(i, "schema"), found.text(i, "name")},
                             partition_key{found.text(i, "oid"), found.text(i, "strategy").at(0),
                                           strings(found.text(i, "key")),
                                           found.text(i, "key_type")});
    }
    return out;
}

bool by_time(partitioned_table const &table)
{
    return table.strategy == 'r' && table.key.size() == 1 &&
           (table.key_type.starts_with("timestamp") || table.key_type == "date");
}

// A server whose stored bounds are not understood (another byte order, a later version) prints
// them.
void print_bounds(pg::session &s, std::vector<attached_partition *> const &of,
                  pg::limits const &limit)
{
    std::unordered_multimap<std::string, attached_partition *> by_oid;
    std::vector<param> oids;
    for (auto *each : of) {
        by_oid.emplace(each->oid, each);
        oids.emplace_back(each->oid);
    }
    auto const printed = s.run(sql::catalog_bounds, {array_literal(oids)}, limit);
    for (std::size_t i = 0; i < printed.size(); ++i) {
        auto const [first, last] = by_oid.equal_range(printed.text(i, "oid"));
        for (auto at = first; at != last; ++at) {
            at->second->range = range_of_text(printed.text(i, "bound"));
        }
    }
}

} // namespace

std::vector<partitioned_table> load_partitioned_tables(pg::session &s,
                                                       std::vector<qualified_name> const &names,
                                                       pg::limits const &limit)
{
    std::vector<partitioned_table> out(names.size());
    auto keys = read_keys(s, names, limit);
    auto const is_known = [&](qualified_name const &name) { return keys.contains(name); };
    if (std::all_of(names.begin(), names.end(), is_known)) {
        for (std::size_t i = 0; i < names.size(); ++i) {
            out[i].found = {names[i], names[i], keys.at(names[i]).oid, {}, {}};
        }
    } else { // without a schema, or not there: to be told
        std::vector<qualified_name> there;
        auto found = find(s, names, "p", "partitioned table", limit);
        for (std::size_t i = 0; i < found.size(); ++i) {
            if (found[i].usable()) {
                there.push_back(found[i].name);
            }
            out[i].found = std::move(found[i]);
        }
        keys = read_keys(s, there, limit);
    }
    std::vector<param> oids;
    // Two policies may name one table, so an OID may have several places.
    std::unordered_multimap<std::string, std::size_t> places;
    for (std::size_t i = 0; i < out.size(); ++i) {
        auto &table = out[i];
        if (!table.found.usable()) {
            continue;
        }
        if (!is_known(table.found.name)) {
            table.found.problem = display(table.found.name) + " is gone";
            table.found.hint = "it was dropped or renamed while this ran";
            continue;
        }
        auto const &its = keys.at(table.found.name);
        table.found.oid = its.oid;
        table.strategy = its.strategy;
        table.key = its.columns;
        table.key_type = its.type;
        table.key_definition = definition(table);
        places.emplace(its.oid, i);
        oids.emplace_back(its.oid);
    }
    if (places.empty()) {
        return out;
    }
    auto const each_place = [&](std::string const &oid, auto use) {
        auto const [first, last] = places.equal_range(oid);
        for (auto at = first; at != last; ++at) {
            use(out[at->second]);
        }
    };
    // A bound has nearly a kilobyte: they are read while the server sends them.
    s.each_row(
        sql::catalog_partitions, {array_literal(oids)},
        [&](std::vector<rows::cell> const &cells) {
            enum column : std::size_t { parent, oid, schema, name, pending, is_default, bound };
            auto const text = [&](column which) {
                return std::string{cells.at(which).value_or("")};
            };
            attached_partition child;
            child.oid = text(oid);
            child.name = {text(schema), text(name)};
            child.pending_detach = cells.at(pending) == "t";
            child.is_default = cells.at(is_default) == "t";
            each_place(text(parent), [&](partitioned_table &table) {
                if (!child.range) {
                    child.range = range_of_tree(cells.at(bound).value_or(""), table.key_type);
                }
                table.partitions.push_back(child);
            });
        },
        limit);
    std::vector<attached_partition *> unread;
    for (auto &table : out) {
        for (auto &each : table.partitions) {
            if (by_time(table) && !each.is_default && !each.range) {
                unread.push_back(&each);
            }
        }
    }
    if (!unread.empty()) {
        print_bounds(s, unread, limit);
    }
    return out;
}

std::vector<unprotected_partition>
load_unprotected_partitions(pg::session &s, std::vector<qualified_name> const &tables,
                            std::string const &role, pg::limits const &limit)
{
    std::vector<param> schemas, names;
    for (auto const &each : tables) {
        schemas.emplace_back(each.schema);
        names.emplace_back(each.name);
    }
    auto const found =
        s.run(sql::catalog_unprotected_partitions,
              {array_literal(schemas), array_literal(names), role_parameter(role)}, limit);
    std::vector<unprotected_partition> out;
    for (std::size_t i = 0; i < found.size(); ++i) {
        unprotected_partition one;
        one.oid = found.text(i, "oid");
        one.table = {found.text(i, "root_schema"), found.text(i, "root_name")};
        one.partition = {found.text(i, "schema"), found.text(i, "name")};
        one.protector = {found.text(i, "protector_schema"), found.text(i, "protector_name")};
        one.enable = found.flag(i, "enable");
        one.force = found.flag(i, "force");
        one.may = found.flag(i, "may");
        one.owner = found.text(i, "owner");
        one.owner_is_superuser = found.flag(i, "owner_is_superuser");
        one.role = found.text(i, "role");
        out.push_back(std::move(one));
    }
    return out;
}

} // namespace pgtend::catalog
