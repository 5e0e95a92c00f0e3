// SPDX-License-Identifier: Apache-2.0
// What the system catalogs say, as data: planners read these structs and nothing else of a
// database. OIDs are text, as they go back as parameters. Names are plain, not quoted.
#pragma once
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "base/name.hpp"
#include "base/rows.hpp"

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

// -- partitioned tables
// ----------------------------------------------------------------------------------------------

// Microseconds since 1970-01-01 00:00: of UTC for timestamps with time zone, of the clock on the
// wall for timestamps without and for dates.
using time_point = std::int64_t;
inline constexpr time_point before_all =
    std::numeric_limits<time_point>::min(); // MINVALUE, -infinity
inline constexpr time_point after_all =
    std::numeric_limits<time_point>::max(); // MAXVALUE, infinity

struct time_range {
    time_point from = before_all; // inclusive
    time_point to = after_all;    // exclusive
    bool operator==(time_range const &) const = default;
};

struct attached_partition {
    std::string oid;
    qualified_name name;
    bool is_default = false;
    // A DETACH ... CONCURRENTLY that did not end: its rows are invisible through the parent, its
    // range cannot be used again until ALTER TABLE ... DETACH PARTITION ... FINALIZE.
    bool pending_detach = false;
    // Of a range over one column of a time type; nothing for others and for the default partition.
    std::optional<time_range> range;
};

struct partitioned_table {
    lookup found;
    char strategy = 'r'; // r range, l list, h hash
    // The key's columns, empty for an expression; and the whole key: "RANGE (created_at)".
    std::vector<std::string> key;
    std::string key_definition;
    // Of the first key column, domains looked through: "timestamp with time zone"; empty for an
    // expression.
    std::string key_type;
    std::vector<attached_partition> partitions; // in no order
};

// A partition that somebody wants: its name, in the parent's schema, and its range as text of the
// key's type.
struct new_partition {
    std::string name;
    std::string from, to;
};

// For which partitions of which table facts are needed, beyond the partitioned_table.
struct creation_request {
    std::string table_oid;
    std::vector<new_partition> partitions;
};

struct granted {
    std::string grantee;   // empty: PUBLIC
    std::string privilege; // SELECT ...
    std::string column;    // empty: the table
    bool grantable = false;
};

struct column_setting {
    std::string column;
    std::optional<int> statistics = {};    // SET STATISTICS, when it is not the default
    std::vector<std::string> options = {}; // n_distinct=..., n_distinct_inherited=...
};

// What a new partition must be like, and whether it can be made. In the order of the requests.
struct creation_facts {
    std::string table_oid;
    int server_version = 150000;
    std::string owner;
    bool row_security = false, force_row_security = false;
    char replica_identity = 'd';  // d default, n nothing, f full, i index
    qualified_name replica_index; // the parent's, for 'i'; empty when that index is gone
    std::string
        access_method;      // empty: the server's default (partitioned tables have one from 17 on)
    std::string tablespace; // empty: the server's default
    std::optional<std::string> comment = {};
    bool temporary = false;
    bool excludes = false; // has an exclusion constraint (17 on) or a key WITHOUT OVERLAPS (18 on)
    // Tables that its foreign keys point to, with all partitions of each; itself and its own
    // partitions when one points to itself.
    std::vector<qualified_name> references;
    std::vector<qualified_name> referenced_by; // tables whose foreign keys point to it
    std::vector<column_setting> columns;       // only those with settings
    std::vector<granted> grants;               // on the parent, but for the owner's
    // Whoever default privileges give something on a new table, whichever role makes it. Empty
    // string: PUBLIC.
    std::vector<std::string> default_grantees;

    std::string role;     // who will do the work
    bool is_owner = true; // role == owner
    bool owner_is_superuser = false;
    // Owner, a member that inherits and (from 16 on) may SET ROLE, or superuser.
    bool may_act_as_owner = true;
    bool may_create_in_schema = true; // CREATE on the schema, of the role
    bool owner_may_create =
        true; // of the owner: ALTER ... OWNER TO asks for it, unless the role is a superuser

    // For each requested partition: what has its name in the schema already ("index"), empty when
    // nothing does.
    std::vector<std::string> taken_by;
    // For each requested partition: rows of the default partition that lie in its range; nothing
    // when there is no default partition, or it could not be read (the server then tells by error
    // 23514).
    std::vector<std::optional<long long>> rows_in_default;
    std::vector<qualified_name> default_below = {}; // below a partitioned default partition
    long long default_bytes =
        0; // size of the default partition by the last VACUUM or ANALYZE; ATTACH reads all of it
};

// An index of a partitioned table, which its partitions' indexes are attached to.
struct tree_index {
    std::string oid, name;
    bool is_replica_identity = false;
};

// A row trigger that a user made.
struct tree_trigger {
    std::string oid;
    std::string parent_oid; // that of the parent which it came from; "0": its own
    char enabled = 'O';     // O origin, D disabled, R replica, A always
    std::string name;
};

// One relation of the tree below a partitioned table, or that table itself (then `parent` is
// empty): what a partition should have as its parent has it.
struct tree_relation {
    std::string root, parent, oid;
    qualified_name name;
    char kind = 'r'; // r table, p partitioned table, f foreign table
    bool pending_detach = false;
    char persistence = 'p'; // p permanent, u unlogged, t temporary
    std::string owner;
    bool row_security = false, force_row_security = false;
    char replica_identity = 'd';           // as creation_facts has it
    std::string access_method, tablespace; // empty: the default
    std::vector<std::string> options; // reloptions, those of its TOAST table as "toast.name=value"
    bool has_toast = false;
    double row_estimate = -1;           // of the last VACUUM or ANALYZE; -1: there was none
    std::optional<long long> live_rows; // by the server's counters; nothing: it counted nothing
    long long indexes = 0;
    std::vector<std::string> attached_to; // OIDs of the parent's indexes that have one of its own
    std::string replica_of;               // OID of the parent's index of its replica identity
    std::vector<std::string> invalid;     // names of invalid indexes
    std::vector<tree_index> own_indexes;  // only of a partitioned table
    std::vector<tree_trigger> triggers;
    std::vector<granted> grants;       // but for the owner's; the privilege with its column
    std::vector<std::string> policies; // command, permissive, for whom, name: "* true {0} mine"
};

// -- materialized views
// ----------------------------------------------------------------------------------------------

struct unique_index {
    std::string name;
    std::string why; // REFRESH ... CONCURRENTLY cannot use it: "has a WHERE"; empty: it can
    std::vector<std::string> columns; // of its key, without expressions
};

struct matview {
    lookup found;
    bool populated = false;
    std::vector<unique_index> unique_indexes = {};
    std::string owner;
    bool may_refresh = true; // owner, member or superuser; from 17 on also MAINTAIN
    // OIDs of the materialized views that it reads, directly, or through views and other
    // materialized views.
    std::vector<std::string> reads;

    // A unique index as REFRESH ... CONCURRENTLY needs it: valid, immediate, on plain columns,
    // without WHERE.
    bool has_unique_index() const;
};

struct matview_snapshot {
    int server_version = 0;     // 150020
    std::string role;           // who will do the work
    std::vector<matview> views; // in the order of the request
    std::vector<qualified_name>
        unnamed; // materialized views that these read and nobody asked for, ordered
};

// A materialized view that somebody declared, or only asks for.
struct matview_request {
    qualified_name name;
    std::string query = {}; // empty: nothing is declared
    std::string owner = {}; // who shall own it; empty: the role that works
};

struct view_column {
    std::string name, type;
    bool operator==(view_column const &) const = default;
};

// As the server prints it, with every name qualified.
struct view_definition {
    std::vector<view_column> columns;
    std::string text;
};

// Why something could not be found out.
struct complaint {
    std::string message, hint, sqlstate;
};

struct declared_matview {
    matview_request asked;
    matview view;    // found.usable(): it exists
    char kind = ' '; // of what has its name, as pg_class.relkind has it; ' ': nothing
    bool schema_exists = true;
    // Who owns it when it is created: the one asked for, or the role that works.
    std::string creator = {};
    bool creator_exists = true;
    bool may_be_creator = true; // by SET ROLE
    bool may_create = true;     // the creator, in the schema

    // Of one that exists:
    bool owns = true;                    // the role that works may create indexes on it
    std::optional<long long> rows = {};  // by the server's estimate
    std::optional<long long> bytes = {}; // with indexes and TOAST; unknown behind a strong lock
    std::string tablespace = {};         // empty: the database's
    std::vector<qualified_name> dependents{}; // relations whose query names it

    // Of one that exists and has a query declared: both, or why they could not be compared.
    std::optional<view_definition> existing = {}, declared = {};
    bool as_declared = false; // the two are the same
    std::optional<complaint> not_compared = {};
    bool query_fails = false; // that is because the server refuses the declared query
};

struct declared_matviews {
    int server_version = 0;
    std::string role;                    // who will do the work
    std::vector<declared_matview> views; // in the order of the request
};

// -- vacuum
// ----------------------------------------------------------------------------------------------------------

// The server's own settings, which storage parameters of a table override.
struct vacuum_settings {
    int server_version = 0;
    double vacuum_threshold = 50, vacuum_scale_factor = 0.2;
    double vacuum_max_threshold = -1;                          // from 18 on; -1: none
    double insert_threshold = 1000, insert_scale_factor = 0.2; // threshold -1: inserts do not count
    double analyze_threshold = 50, analyze_scale_factor = 0.1;
    double freeze_max_age = 200e6, multixact_freeze_max_age = 400e6;
    bool track_counts = true; // off: the server counts nothing, and nothing can be due but freezing
    bool autovacuum = true;   // off: it works against wraparound only
};

// One relation that VACUUM or ANALYZE may be given.
struct vacuum_table {
    std::string oid;
    qualified_name name;
    char kind = 'r';        // r table or partition, m materialized view, p partitioned table
    std::string parent;     // OID of the partitioned table directly above it; empty: none
    bool system = false;    // of pg_catalog or information_schema
    bool inherited = false; // other tables inherit from this one, which is not partitioned
    double reltuples = -1;  // -1: never counted
    double pages = 0, frozen_pages = 0;          // frozen_pages: from 18 on
    double dead = 0, modified = 0, inserted = 0; // rows since the last vacuum or analyze
    std::string
        toast; // the TOAST table, of schema pg_toast; empty: none. The same VACUUM treats it
    double toast_reltuples = 0, toast_pages = 0, toast_frozen_pages = 0;
    double toast_dead = 0, toast_inserted = 0;
    double age = 0,
           multixact_age = 0; // of relfrozenxid and relminmxid, the older of it and its TOAST table
    // By hand or by autovacuum; microseconds since 1970.
    std::optional<long long> last_vacuum = {}, last_analyze = {};
    std::optional<long long> last_autovacuum = {}, last_autoanalyze = {}; // by autovacuum
    std::vector<std::string> options; // reloptions, those of its TOAST table as "toast.name=value"
    bool may = true;       // owner of it or of the database, superuser; from 17 on also MAINTAIN
    bool may_alter = true; // its owner, a member that inherits, superuser
    std::string owner;
    bool owner_is_superuser = false;
};

struct vacuum_snapshot {
    vacuum_settings settings;
    std::string role;
    std::vector<lookup> asked; // empty: every table that may be due
    // The tables asked for and all below them, or (nothing asked) whatever has changed rows or old
    // ones; never temporary ones.
    std::vector<vacuum_table> tables;
};

// A vacuum that runs now. What the role may not see is empty.
struct running_vacuum {
    int pid = 0;
    std::string database, oid; // of the table
    qualified_name table;      // empty in another database
    std::string command;       // VACUUM, VACUUM FULL
    std::string phase;         // as pg_stat_progress_vacuum calls it
    std::optional<long long> blocks, scanned, vacuumed, index_rounds;
    std::optional<long long> indexes, indexes_done; // from 17 on
    std::optional<double> memory_used;              // for dead rows: 1 is full
    bool autovacuum = false, against_wraparound = false;
    std::optional<long long> started; // microseconds since 1970
    std::string user;
};

// Who keeps rows from being removed and frozen.
struct horizon_holder {
    std::string kind; // session, prepared, slot, standby
    std::string who;  // process id, gid, slot, application
    std::string database, user, application, state;
    std::optional<long long> since; // microseconds since 1970
    long long age = 0;              // in transactions
    bool only_catalogs = false;     // a logical slot: other tables are free
    std::string query;
};

struct database_age {
    std::string name;
    double age = 0, multixact_age = 0;
};

struct vacuum_activity {
    bool autovacuum = true;
    int max_workers = 3;
    double failsafe_age = 1.6e9, multixact_failsafe_age = 1.6e9;
    bool standby = false;
    std::string role, database;
    bool sees_all = true; // pg_read_all_stats, which pg_monitor has
    long long hidden = 0; // sessions of others that the role may not look at
    std::vector<running_vacuum> running;
    std::vector<horizon_holder> holders; // the oldest first
    std::vector<database_age> databases; // the oldest first
};

// -- indexes
// ----------------------------------------------------------------------------------------------------------

// One index, a partitioned one too.
struct table_index {
    std::string oid;
    qualified_name name;
    qualified_name table;
    std::string table_oid;
    bool partitioned = false; // of a partitioned table: it has no rows itself
    std::string parent;       // OID of the partitioned index that it is attached to; empty: none
    // What the server makes of it, from USING on, all names qualified: equal texts are equal
    // indexes, but for `unique` and the tablespace. Other texts may mean the same.
    std::string definition;
    std::string method; // "btree"
    bool unique = false;
    bool valid = true;
    bool live = true;      // false: its DROP ... CONCURRENTLY was begun, it can only be dropped
    bool immediate = true; // false: it backs a deferrable constraint
    bool exclusion = false;
    bool replica_identity = false, clustered = false;
    std::string constraint; // that it backs; empty: none
    std::string referring;  // a foreign key that relies on it, not by a constraint; empty: none
    std::vector<std::string> keys; // each with its operator class, collation and order
    std::vector<int> key_columns;  // numbers of the key's columns, 0 for an expression
    std::vector<int> included;     // numbers of the columns of INCLUDE
    bool partial = false;
    std::string tablespace;
    double pages = 0; // of 8 kB, by the last VACUUM or ANALYZE
    long long scans = 0;
    bool building = false; // some session is known to build an index of this table now
    bool working = false;  // of an invalid one: somebody holds the lock of such a build
};

// A table that indexes are wanted on, or a partition of one.
struct index_table {
    std::string oid;
    qualified_name name;
    char kind = 'r';    // r table, p partitioned table, m materialized view, f foreign table
    std::string parent; // OID of the partitioned table directly above it; empty: none
    bool temporary = false;
    bool may = true;        // owner, member of it or superuser
    bool may_create = true; // CREATE on the schema
    std::string owner;
    bool owner_is_superuser = false;
};

// An index that somebody declares.
struct index_request {
    qualified_name table;
    std::string name;    // of the index, in the schema of its table
    std::string written; // from USING on, without a tablespace
    bool unique = false;
};

struct wanted_index {
    lookup found;           // the table
    std::string definition; // as of table_index: what the server makes of what was written
    // Why the server does not take the definition, or why it could not be asked; empty: it does.
    std::string problem, hint, sqlstate;
    // What has the name already, when that is not an index of this table: "table", "index of
    // public.x"
    std::string taken_by;
};

struct index_snapshot {
    int server_version = 0;
    std::string role;                 // who will do the work
    std::vector<wanted_index> wanted; // in the order of the request
    std::vector<index_table> tables;  // those wanted, and all partitions below them
    std::vector<table_index> indexes; // of these tables
};

// An index that somebody named, to drop it.
struct named_index {
    lookup found;
    std::optional<table_index> index;   // when it is usable
    std::vector<qualified_name> tables; // its table, and those of the indexes attached to it
    bool may = true;                    // owner of its table, member of it or superuser
    std::string owner;
    bool owner_is_superuser = false;
    std::string role;        // who will do the work
    qualified_name attached; // the partitioned index that it is attached to; empty: none
};

struct foreign_key {
    std::string name;
    qualified_name table;
    std::string table_oid;
    std::vector<int> columns;
    std::vector<std::string> column_names;
};

// What there is, for judging it as a whole.
struct index_overview {
    std::vector<table_index> indexes; // ordered by table and name
    std::vector<foreign_key> foreign_keys;
    // Since when scans are counted, microseconds since 1970, at the earliest: a database may be
    // younger. Nothing: unknown.
    std::optional<long long> counted_since = {};
};

// -- batches
// ----------------------------------------------------------------------------------------------------------

// A column in whose order rows can be walked: its type's text form means the same value again.
struct walk_column {
    std::string name;
    std::string type; // as a cast takes it: "timestamp with time zone"
    bool not_null = false;
};

// A valid btree index; of its key columns those that can be walked, in their order.
struct walk_index {
    std::string name;
    std::vector<walk_column> columns;
};

// A table that holds rows: a plain one, or one of those below a partitioned or inherited one.
struct leaf_table {
    std::string oid;
    qualified_name name;
    bool foreign = false;
    std::vector<walk_index> indexes;
    // Triggers of users for deletes, for updates; BEFORE ... FOR EACH ROW, which may keep a row.
    bool fires_on_delete = false, fires_on_update = false;
    bool keeps_deleted = false, keeps_updated = false;
};

// What would not happen, or happen in another way, when leaves are changed directly.
struct batch_obstacle {
    enum class kind {
        statement_trigger, // of a table above leaves: theirs fire, this one would not
        rule,              // of the table or of a leaf
    };
    kind what;
    qualified_name table;
    std::string name;
    bool of_deletes; // otherwise of updates
};

// A foreign key of a table to itself that refuses to delete a row that another one refers to.
struct self_reference {
    struct pair {
        std::string column, referenced;
        qualified_name equals; // the key's own operator: referenced equals column
    };
    std::string constraint;
    std::vector<pair> columns;
};

struct batch_target {
    lookup found;
    std::vector<leaf_table> leaves; // in the order of their names; the table itself when it is one
    // Partitions whose DETACH ... CONCURRENTLY did not end: their rows are invisible through the
    // table.
    std::vector<qualified_name> detaching;
    std::vector<batch_obstacle> obstacles = {};
    std::vector<self_reference> self_references = {};
    // Rows that match, by the planner's estimate; nothing when it could not be asked.
    std::optional<long long> estimated_rows = {};
};

} // namespace pgtend::catalog
