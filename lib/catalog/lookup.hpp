// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "catalog/snapshot/lookup.hpp"
#include "pg/session.hpp"

namespace pgtend::catalog {

// Finds relations of some kinds (letters of pg_class.relkind: "rmp"), in the order of the names.
// `what` names them in messages: "partitioned table". A name that only another kind has is a
// problem that says which kind it is.
std::vector<lookup> find(pg::session &s, std::vector<qualified_name> const &names,
                         std::string_view kinds, std::string_view what, pg::limits const &limit);

// "table", "view" ... of a letter of pg_class.relkind.
std::string_view kind_name(char kind);

// The OIDs of those that were found, as an array literal.
std::string found_oids(std::vector<lookup> const &all);

// Throws error when there is no such role; empty is the session's own.
void check_role(pg::session &s, std::string const &role, pg::limits const &limit);
// NULL for the session's own role.
param role_parameter(std::string const &role);

} // namespace pgtend::catalog
