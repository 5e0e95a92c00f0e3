// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <unordered_map>

#include "catalog/load.hpp"
#include "catalog/lookup.hpp"
#include "sql/queries.hpp"

namespace pgtend::catalog {

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
            view.may_refresh = facts.flag(i, "may_refresh");
            auto const indexes = parse_array(facts.text(i, "unique_indexes"));
            for (std::size_t k = 0; k + 1 < indexes.size(); k += 2) {
                if (indexes[k + 1]) {
                    view.unusable.push_back({indexes[k].value_or(""), *indexes[k + 1]});
                } else {
                    view.has_unique_index = true;
                }
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

} // namespace pgtend::catalog
