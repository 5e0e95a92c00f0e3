// SPDX-License-Identifier: Apache-2.0
#include "catalog/load.hpp"
#include "catalog/lookup.hpp"
#include "sql/queries.hpp"

namespace pgtend::catalog {

std::vector<path_writers> load_path_writers(pg::session &s, std::string const &search_path,
                                            std::string const &role, pg::limits const &limit)
{
    auto const found = s.run(sql::catalog_path_writers, {search_path, role_parameter(role)}, limit);
    std::vector<path_writers> out;
    for (std::size_t i = 0; i < found.size(); ++i) {
        out.push_back({found.text(i, "schema"), found.text(i, "writers")});
    }
    return out;
}

} // namespace pgtend::catalog
