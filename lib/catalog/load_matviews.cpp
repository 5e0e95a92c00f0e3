// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <unordered_map>

#include "catalog/load.hpp"
#include "catalog/lookup.hpp"
#include "sql/queries.hpp"

namespace pgtend::catalog {

bool matview::has_unique_index() const
{
    return std::any_of(unique_indexes.begin(), unique_indexes.end(),
                       [](unique_index const &each) { return each.why.empty(); });
}

matview_snapshot load_matviews(pg::session &s, std::vector<qualified_name> const &names,
                               std::string const &role, pg::limits const &limit)
{
    matview_snapshot out;
    out.server_version = s.server_version();
    check_role(s, role, limit);
    auto const found = find(s, names, "m", "materialized view", limit);
    std::unordered_map<std::string, std::vector<std::size_t>> places;
    for (auto const &each : found) {
        if (each.usable()) {
            places[each.oid].push_back(out.views.size());
        }
        matview view;
        view.found = each;
        out.views.push_back(std::move(view));
    }
    if (places.empty()) {
        return out;
    }
    auto const oids = found_oids(found);
    auto const facts = s.run(sql::catalog_matviews, {oids, role_parameter(role)}, limit);
    for (std::size_t i = 0; i < facts.size(); ++i) {
        out.role = facts.text(i, "role");
        for (auto const place : places.at(facts.text(i, "oid"))) {
            auto &view = out.views[place];
            view.populated = facts.flag(i, "populated");
            view.owner = facts.text(i, "owner");
            view.owner_is_superuser = facts.flag(i, "owner_is_superuser");
            view.may_refresh = facts.flag(i, "may_refresh");
            auto const indexes = parse_array(facts.text(i, "unique_indexes"));
            for (std::size_t k = 0; k + 2 < indexes.size(); k += 3) {
                unique_index index{indexes[k].value_or(""), indexes[k + 1].value_or(""), {}};
                for (auto const &column : parse_array(indexes[k + 2].value_or("{}"))) {
                    index.columns.push_back(column.value_or(""));
                }
                view.unique_indexes.push_back(std::move(index));
            }
        }
    }
    auto const reads = s.run(sql::catalog_matview_dependencies, {oids}, limit);
    for (std::size_t i = 0; i < reads.size(); ++i) {
        auto const other = reads.text(i, "reads");
        for (auto const place : places.at(reads.text(i, "oid"))) {
            out.views[place].reads.push_back(other);
        }
        if (!places.contains(other)) {
            out.unnamed.push_back({reads.text(i, "schema"), reads.text(i, "name")});
        }
    }
    std::sort(out.unnamed.begin(), out.unnamed.end());
    out.unnamed.erase(std::unique(out.unnamed.begin(), out.unnamed.end()), out.unnamed.end());
    return out;
}

std::vector<qualified_name> all_matviews(pg::session &s, pg::limits const &limit)
{
    auto const found = s.run(sql::catalog_names, {array_literal({"m"})}, limit);
    std::vector<qualified_name> out;
    for (std::size_t i = 0; i < found.size(); ++i) {
        out.push_back({found.text(i, 0), found.text(i, 1)});
    }
    return out;
}

} // namespace pgtend::catalog
