// SPDX-License-Identifier: Apache-2.0
#include "catalog/load.hpp"
#include "sql/queries.hpp"

namespace pgtend::catalog {

std::vector<qualified_name> load_invalid_indexes(pg::session &s, pg::limits const &limit)
{
    auto const found = s.run(sql::catalog_invalid_indexes, {}, limit);
    std::vector<qualified_name> out;
    for (std::size_t i = 0; i < found.size(); ++i) {
        out.push_back({found.text(i, "schema"), found.text(i, "name")});
    }
    return out;
}

} // namespace pgtend::catalog
