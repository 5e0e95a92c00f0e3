// SPDX-License-Identifier: Apache-2.0
// Reads the catalogs. Two or three statements for any number of objects; no locks beyond those of
// reading catalogs, which end with each statement when the session is not in a transaction.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/name.hpp"
#include "catalog/snapshot/creation.hpp"
#include "catalog/snapshot/indexes.hpp"
#include "catalog/snapshot/lookup.hpp"
#include "catalog/snapshot/matviews.hpp"
#include "catalog/snapshot/partition_tree.hpp"
#include "catalog/snapshot/partitions.hpp"
#include "catalog/snapshot/vacuum.hpp"
#include "catalog/snapshot/vacuum_activity.hpp"
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

// Of the partitions of these tables, at any depth, those without their row level security; foreign
// tables cannot have it. Ordered by table and partition.
std::vector<unprotected_partition>
load_unprotected_partitions(pg::session &s, std::vector<qualified_name> const &tables,
                            std::string const &role, pg::limits const &limit = {});

// In the order of the requests; a table that is gone by now is left out. Reads the default
// partitions of the requested tables (ACCESS SHARE; a scan where the key has no index), one
// statement each.
std::vector<creation_facts> load_creation_facts(pg::session &s,
                                                std::vector<creation_request> const &requests,
                                                std::string const &role,
                                                pg::limits const &limit = {});

// Every partitioned table of the database that is no partition itself, but for temporary ones.
std::vector<qualified_name> load_partition_roots(pg::session &s, pg::limits const &limit = {});

// The tables (by OID) and all below them, in no order. Takes no lock on them. With 10,000
// partitions it takes the server 0.3 s, and more than a second where it compiles the query (jit).
std::vector<tree_relation> load_partition_tree(pg::session &s, std::vector<std::string> const &oids,
                                               pg::limits const &limit = {});

// For each partition of each request: what has its name in the schema already, empty when nothing
// does.
std::vector<std::vector<std::string>>
load_names_taken(pg::session &s, std::vector<creation_request> const &requests,
                 pg::limits const &limit = {});

// Reads all rows of the default partition (ACCESS SHARE on it and what is below it). Without a
// default partition, zero.
struct default_rows {
    long long all = 0;
    std::vector<long long> in_range; // of each partition of the request
};
default_rows count_default_rows(pg::session &s, creation_request const &request,
                                pg::limits const &limit = {});

// How many locks all sessions together can hold.
long long load_lock_table_size(pg::session &s, pg::limits const &limit = {});

matview_snapshot load_matviews(pg::session &s, std::vector<qualified_name> const &names,
                               std::string const &role, pg::limits const &limit = {});
// Every materialized view of the database, by schema and name; the first 10,000.
std::vector<qualified_name> all_matviews(pg::session &s, pg::limits const &limit = {});

// The same of declared ones, with what creating them needs, and whether they are as declared: the
// declared query is made a temporary view in a transaction that is rolled back, and what the server
// prints of both is compared. That needs TEMPORARY on the database and USAGE on the schemas that
// the query names, no right on the tables; takes ACCESS SHARE on them for as long, and waits 200 ms
// at most for it. What keeps it from comparing is told, not thrown. `search_path`: under which the
// query is looked up; nothing: what role and database say.
declared_matviews load_declared_matviews(pg::session &s,
                                         std::vector<matview_request> const &requests,
                                         std::string const &role,
                                         std::optional<std::string> const &search_path,
                                         pg::limits const &limit = {});

// No names: every table of the database that may be due (that has dead, changed or inserted rows,
// or old ones).
vacuum_snapshot load_vacuum_tables(pg::session &s, std::vector<qualified_name> const &names,
                                   std::string const &role, pg::limits const &limit = {});

// What vacuum does, what is in its way, and how old databases are. Reads counters, locks nothing.
vacuum_activity load_vacuum_activity(pg::session &s, pg::limits const &limit = {});

// What the server makes of declared indexes, and the indexes that there are on their tables. The
// former is found out by building each on an empty temporary table with the same columns, in a
// transaction that is rolled back: the role needs TEMPORARY on the database and nothing of the
// table, and a standby cannot be asked (told in the wanted_index). Not so where an index of the
// table is printed as the declared one is certain to be (index_request::plain). Tables that have
// indexes are locked in ACCESS SHARE for a moment, which is waited for a second
// (table_index::locked_by). Unqualified names in what was written are looked up in `search_path`;
// nothing: what role and database say. No transaction may be open.
index_snapshot load_indexes(pg::session &s, std::vector<index_request> const &wanted,
                            std::string const &role, std::optional<std::string> const &search_path,
                            pg::limits const &limit = {});

// Adds to index_snapshot::taken those of these names that something has already. Whether there was
// one that it did not know of.
bool load_taken_names(pg::session &s, std::vector<qualified_name> const &names,
                      index_snapshot &into, pg::limits const &limit = {});

// Every index but the system's and pgtend's own, or those of the tables with these names and of
// their partitions (usable ones; problems are told in `asked`), with the definitions of those that
// can be compared with another one (table_index::printed). Two statements, and no transaction may
// be open.
index_overview load_index_overview(pg::session &s, std::vector<qualified_name> const &tables,
                                   std::vector<lookup> &asked, pg::limits const &limit = {});

// The indexes of these names, in their order.
std::vector<named_index> load_named_indexes(pg::session &s,
                                            std::vector<qualified_name> const &names,
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

// The tables that pg_partman, in the schema partman, maintains by itself, as it writes their names;
// none when it is not there, or may not be read.
std::vector<std::string> load_partman_tables(pg::session &s, pg::limits const &limit = {});

} // namespace pgtend::catalog
