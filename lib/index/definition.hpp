// SPDX-License-Identifier: Apache-2.0
// Definitions of indexes as the server tells them, and the statements made of them. Pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/name.hpp"
#include "model/index_policy.hpp"
#include "plan/statement.hpp"

namespace pgtend::index {

// A definition from USING on, in its parts.
struct definition_parts {
    std::string head;    // "USING btree (a, b) INCLUDE (c)"
    std::string storage; // "(fillfactor='70')"; empty: none
    std::string where;   // "(a > 3)"; empty: all rows
};
definition_parts parts_of(std::string_view definition);

// What the server prints of an index on nothing but columns, where no collation, operator class,
// order of NULLs, condition or storage parameter is written: "USING btree (a, b DESC) INCLUDE (c)".
// Empty for all others, and where a name may want quotes.
std::string plain_definition(model::index_policy const &declared);

// Whether the server reads the same in both: storage parameters in any order, and their booleans in
// any of the ways in which the server takes and keeps them (off, false, no, 0).
bool equal_definitions(std::string_view a, std::string_view b);

// Without the storage parameters, which change neither what an index is good for nor whether it can
// be attached.
std::string without_storage(std::string_view definition);

// What is to be built. `definition` as the server tells it, `also` as it may tell it of what is
// built from that.
struct building {
    qualified_name name, table;
    std::string table_oid;
    std::string definition;
    bool unique = false;
    std::string tablespace = {}; // empty: the default
    std::vector<std::string> also = {};
};

// SQL for whether the index `i` is what is to be built, whose name and table are known: as
// pg_get_indexdef() tells it while search_path is empty.
std::string same_definition(building const &what, std::string const &told);

// CREATE INDEX CONCURRENTLY of a table with rows. SHARE UPDATE EXCLUSIVE: readers and writers go
// on. Left out when a valid index of that name and definition is there by then. What a deadlock
// leaves, an invalid one, is dropped before the next attempt: nobody else is at work on the table
// then, and it has the definition that is wanted, so that it is nobody's own.
plan::statement create_statement(building const &what);
// CREATE INDEX ... ON ONLY of a partitioned table, for a transaction: SHARE, for as long as it
// takes to write the catalogs; waits `short_wait` for it at most. Left out when an index of that
// name is there by then: whether it is the one that is wanted is asked by validity_check().
plan::statement create_only_statement(building const &what);
// ALTER INDEX ... ATTACH PARTITION, for a transaction: SHARE UPDATE EXCLUSIVE on the parent index,
// ACCESS EXCLUSIVE on the other one. Attached already: the server looks again whether the parent is
// valid now.
plan::statement attach_statement(qualified_name const &parent,
                                 qualified_name const &table_of_parent, qualified_name const &index,
                                 qualified_name const &table);
// DROP INDEX CONCURRENTLY: SHARE UPDATE EXCLUSIVE on its table. Left out when it is gone by then,
// also when another one has its name; one of the same definition, which REINDEX CONCURRENTLY makes
// of it, is the same one.
plan::statement drop_statement(building const &what, std::string const &oid);
// DROP INDEX of a partitioned one, for a transaction: ACCESS EXCLUSIVE on these tables. Left out as
// above; REINDEX does not replace such an index.
plan::statement drop_whole_statement(qualified_name const &index, std::string const &oid,
                                     std::vector<qualified_name> const &tables);
// DROP INDEX CONCURRENTLY of an invalid index; left out when it is valid or gone by then.
plan::statement drop_invalid_statement(qualified_name const &index, std::string const &oid,
                                       qualified_name const &table);
// REINDEX INDEX CONCURRENTLY of an invalid index; left out when it is valid by then.
plan::statement rebuild_statement(qualified_name const &index, std::string const &oid,
                                  qualified_name const &table);

// Of a lock that writers or queries queue behind: the longest that one attempt may keep them.
constexpr microseconds short_wait = milliseconds{30};

// Of the index on a partition that belongs to the index `name` of the partitioned table:
// "leaf_name", cut to 63 bytes with a checksum of the whole where it is longer. `number` above 0
// gives others.
std::string partition_index_name(std::string const &partition, std::string const &name, int number);

// "t_slow_ccnew", "t_slow_ccold1": what REINDEX CONCURRENTLY names its halves.
bool left_by_reindex(std::string const &name);

} // namespace pgtend::index
