// SPDX-License-Identifier: Apache-2.0
// What the system catalogs say, as data: planners read the structs of this folder and nothing else
// of a database. In all of them OIDs are text, as they go back as parameters, and names are plain,
// not quoted.
#pragma once
#include <string>

#include "base/name.hpp"

namespace pgtend::catalog {

// What became of a name that somebody asked for. `problem` is empty when it was found and is of the
// right kind.
struct lookup {
    qualified_name asked;
    qualified_name name; // with its schema, when found
    std::string oid;
    std::string problem; // "table public.ordres does not exist"
    std::string hint;    // "did you mean public.orders?"

    bool usable() const noexcept { return problem.empty(); }
};

} // namespace pgtend::catalog
