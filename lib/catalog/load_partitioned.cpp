// SPDX-License-Identifier: Apache-2.0
#include <unordered_map>

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

} // namespace

std::vector<partitioned_table> load_partitioned_tables(pg::session &s,
                                                       std::vector<qualified_name> const &names,
                                                       pg::limits const &limit)
{
    auto const found = find(s, names, "p", "partitioned table", limit);
    auto const oids = found_oids(found);
    std::vector<partitioned_table> out(found.size());
    // Two policies may name one table, so an OID may have several places.
    std::unordered_multimap<std::string, std::size_t> places;
    for (std::size_t i = 0; i < found.size(); ++i) {
        out[i].found = found[i];
        if (found[i].usable()) {
            places.emplace(found[i].oid, i);
        }
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
    auto const keys = s.run(sql::catalog_partitioned_tables, {oids}, limit);
    for (std::size_t i = 0; i < keys.size(); ++i) {
        each_place(keys.text(i, "oid"), [&](partitioned_table &table) {
            table.strategy = keys.text(i, "strategy").at(0);
            table.key = strings(keys.text(i, "key"));
            table.key_definition = keys.text(i, "key_definition");
            table.key_type = keys.text(i, "key_type");
        });
    }
    auto const children = s.run(sql::catalog_partitions, {oids}, limit);
    auto const parent = children.column("parent"), oid = children.column("oid"),
               schema = children.column("schema"), name = children.column("name"),
               pending = children.column("pending"), bound = children.column("bound");
    for (std::size_t i = 0; i < children.size(); ++i) {
        attached_partition child;
        child.oid = children.text(i, oid);
        child.name = {children.text(i, schema), children.text(i, name)};
        child.pending_detach = children.flag(i, pending);
        read_bound(children.text(i, bound), child);
        each_place(children.text(i, parent),
                   [&](partitioned_table &table) { table.partitions.push_back(child); });
    }
    return out;
}

} // namespace pgtend::catalog
