// SPDX-License-Identifier: Apache-2.0
#include "catalog/load.hpp"
#include "sql/queries.hpp"

namespace pgtend::catalog {

std::vector<std::string> load_partman_tables(pg::session &s, pg::limits const &limit)
{
    std::vector<std::string> out;
    if (s.run(sql::catalog_partman, {}, limit).empty()) {
        return out;
    }
    auto const found = s.run(sql::catalog_partman_tables, {}, limit);
    for (std::size_t i = 0; i < found.size(); ++i) {
        out.push_back(found.text(i, "parent_table"));
    }
    return out;
}

} // namespace pgtend::catalog
