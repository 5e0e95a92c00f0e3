// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "catalog/snapshot/indexes.hpp"
#include "pg/session.hpp"

namespace pgtend::catalog {

// A transaction that is rolled back at the end, with an empty search_path (of it alone, also behind
// a pooler): names come back qualified. A lock is waited for at most a second.
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

// Nothing, or why it could not be done and was taken back. What ends the work as a whole is thrown.
template <class Work>
std::optional<error> attempt(pg::session &s, pg::limits const &limit, Work const &work)
{
    s.run("SAVEPOINT pgtend", {}, limit);
    try {
        work();
    } catch (error const &e) {
        if (ends_work(e)) {
            throw;
        }
        s.batch("ROLLBACK TO SAVEPOINT pgtend; RELEASE SAVEPOINT pgtend", limit);
        return e;
    }
    s.run("RELEASE SAVEPOINT pgtend", {}, limit);
    return {};
}

// Of which indexes the server is asked for the definition, which is half of the work.
enum class printing { all, compared }; // compared: as table_index::printed says

// For the indexes of these names on these tables (array literals of OIDs and of names): what is
// attached to other indexes of theirs is left out, which of a large tree is most.
struct index_choice {
    param tables, names;
};

// Of these tables (an array literal of OIDs), or all; in a looking_transaction. Waits a second for
// who holds an ACCESS EXCLUSIVE lock on one, then leaves the definitions of such tables out.
std::vector<table_index> read_indexes(pg::session &s, param const &tables, printing of,
                                      pg::limits const &limit, index_choice const &chosen = {});

// These tables and the partitions below them; the role that will do the work.
std::vector<index_table> read_index_tables(pg::session &s, std::string const &oids,
                                           std::string const &role, std::string &worker,
                                           pg::limits const &limit);

// Fills `definition` or `problem` of those wanted whose table was found and whose definition is not
// known; tables and indexes are read. Inside a looking_transaction that writes.
void ask_definitions(pg::session &s, std::vector<index_request> const &requests,
                     index_snapshot &into, std::string const &role,
                     std::optional<std::string> const &search_path, pg::limits const &limit);

} // namespace pgtend::catalog
