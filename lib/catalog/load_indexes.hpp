// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "catalog/snapshot/indexes.hpp"
#include "pg/session.hpp"

namespace pgtend::catalog {

// A transaction that is rolled back at the end, with an empty search_path (of it alone, also behind
// a pooler): names come back qualified.
class looking_transaction {
  public:
    // `writes`: temporary tables are made in it.
    looking_transaction(pg::session &s, bool writes, pg::limits const &limit);
    ~looking_transaction() { session_.rollback(); }
    looking_transaction(looking_transaction const &) = delete;
    looking_transaction &operator=(looking_transaction const &) = delete;

  private:
    pg::session &session_;
};

// Of these tables (an array literal of OIDs), or all; under an empty search_path.
std::vector<table_index> read_indexes(pg::session &s, param const &tables, pg::limits const &limit);

// These tables and the partitions below them; the role that will do the work.
std::vector<index_table> read_index_tables(pg::session &s, std::string const &oids,
                                           std::string const &role, std::string &worker,
                                           pg::limits const &limit);

// Fills `definition` or `problem` of those whose table was found. Inside a looking_transaction that
// writes.
void ask_definitions(pg::session &s, std::vector<index_request> const &requests,
                     std::vector<wanted_index> &wanted, std::string const &role,
                     std::optional<std::string> const &search_path, pg::limits const &limit);

} // namespace pgtend::catalog
