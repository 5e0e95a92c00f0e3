// SPDX-License-Identifier: Apache-2.0
#include "catalog/default_part.hpp"

#include "catalog/load.hpp"
#include "sql/queries.hpp"

namespace pgtend::catalog {
namespace {

std::string query(default_part const &of)
{
    auto const &type = of.key_type, &key = of.key;
    return "SELECT r.position, pg_catalog.count(*) FROM ROWS FROM (pg_catalog.unnest($1::" + type +
           "[]), pg_catalog.unnest($2::" + type +
           "[])) WITH ORDINALITY AS r (low, high, position) JOIN " + of.relation + " d ON d." +
           key + " >= r.low AND d." + key + " < r.high WHERE d." + key +
           " >= (SELECT pg_catalog.min(low) FROM pg_catalog.unnest($1::" + type +
           "[]) low) AND d." + key +
           " < (SELECT pg_catalog.max(high) FROM pg_catalog.unnest($2::" + type +
           "[]) high) GROUP BY r.position";
}

} // namespace

default_part default_part_of(rows const &found, std::size_t row)
{
    return {(found.flag(row, "default_partitioned") ? "" : "ONLY ") +
                found.text(row, "default_relation"),
            found.text(row, "key_quoted"), found.text(row, "key_type")};
}

std::vector<long long> count_in_ranges(pg::session &s, default_part const &of,
                                       creation_request const &request, pg::limits const &limit)
{
    std::vector<long long> out(request.partitions.size());
    if (out.empty()) {
        return out;
    }
    std::vector<param> low, high;
    for (auto const &each : request.partitions) {
        low.emplace_back(each.from);
        high.emplace_back(each.to);
    }
    auto const counted = s.run(query(of), {array_literal(low), array_literal(high)}, limit);
    for (std::size_t i = 0; i < counted.size(); ++i) {
        out.at(static_cast<std::size_t>(counted.integer(i, 0) - 1)) = counted.integer(i, 1);
    }
    return out;
}

default_rows count_default_rows(pg::session &s, creation_request const &request,
                                pg::limits const &limit)
{
    default_rows out{0, std::vector<long long>(request.partitions.size())};
    auto const found =
        s.run(sql::catalog_creation, {array_literal({request.table_oid}), param{}}, limit);
    if (found.empty() || !found.at(0, found.column("default_relation"))) {
        return out;
    }
    auto const of = default_part_of(found, 0);
    out.all = s.run("SELECT pg_catalog.count(*) FROM " + of.relation, {}, limit).integer(0, 0);
    if (out.all > 0) {
        out.in_range = count_in_ranges(s, of, request, limit);
    }
    return out;
}

} // namespace pgtend::catalog
