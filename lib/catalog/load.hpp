// SPDX-License-Identifier: Apache-2.0
// Reads the catalogs. Two or three statements for any number of objects; no locks beyond those of
// reading catalogs, which end with each statement when the session is not in a transaction.
#pragma once
#include <string>
#include <vector>

#include "base/name.hpp"
#include "catalog/snapshot.hpp"
#include "pg/session.hpp"

namespace pgtend::catalog {

// Everywhere: a name without a schema is found in any schema but the system's, and is a problem
// when several have it. What does not exist or is of the wrong kind is told in the lookup, with the
// nearest existing name as hint: nothing is thrown for it. `role` is who will do the work (SET
// ROLE), empty for the session's own; throws error when there is no such role. Throws what
// session::run throws.

// The partitioned tables and their partitions, in the order of the names. Takes no lock on them:
// somebody who holds one in ACCESS EXCLUSIVE mode does not stop it. (Only where the stored form of
// bounds is not understood, the partitions are locked for a moment, and an open transaction keeps
// TimeZone UTC and DateStyle ISO until its end.)
std::vector<partitioned_table> load_partitioned_tables(pg::session &s,
                                                       std::vector<qualified_name> const &names,
                                                       pg::limits const &limit = {});

// In the order of the requests; a table that is gone by now is left out. Reads the default
// partitions of the requested tables (ACCESS SHARE; a scan where the key has no index), one
// statement each.
std::vector<creation_facts> load_creation_facts(pg::session &s,
                                                std::vector<creation_request> const &requests,
                                                std::string const &role,
                                                pg::limits const &limit = {});

matview_snapshot load_matviews(pg::session &s, std::vector<qualified_name> const &names,
                               std::string const &role, pg::limits const &limit = {});

// No names: every table of the database that may be due (that has dead, changed or inserted rows,
// or old ones).
vacuum_snapshot load_vacuum_tables(pg::session &s, std::vector<qualified_name> const &names,
                                   std::string const &role, pg::limits const &limit = {});

// A schema in which others than the role may create what unqualified names then find.
struct path_writers {
    std::string schema;
    std::string who; // roles, separated by commas; PUBLIC
};

// Those on this search_path (as SET takes it), in its order. Superusers and the owner of the
// database are not told, nor is a schema's owner, unless the work is done as a superuser.
std::vector<path_writers> load_path_writers(pg::session &s, std::string const &search_path,
                                            std::string const &role, pg::limits const &limit = {});

// Invalid indexes that nobody is building: what CONCURRENTLY left when it was ended.
std::vector<qualified_name> load_invalid_indexes(pg::session &s, pg::limits const &limit = {});

} // namespace pgtend::catalog
