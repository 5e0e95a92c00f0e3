// SPDX-License-Identifier: Apache-2.0
// A database of which a role without any right has to do everything that pgtend can, with a ledger
// and a configuration file.
#pragma once
#include <string>
#include <vector>

#include "support/database.hpp"
#include "support/process.hpp"

namespace pgtend::test {

// Schema `app`, with USAGE for nobody, holds each object three times, by the suffixes of their
// names: _own of a role that does not log in, _far of another one, _top of the superuser. t a table
// with a sequence and an index t_dup beside the primary key; p partitioned, with a default
// partition; v a materialized view that can be refreshed beside readers; r a table with row level
// security that shows five rows of a hundred. `hidden.t` lies in a schema of its own.
class landlord {
  public:
    landlord();
    ~landlord(); // drops the roles
    landlord(landlord const &) = delete;
    landlord &operator=(landlord const &) = delete;

    // A new role with LOGIN and this, which `run` uses from now on.
    std::string tenant(std::string const &attributes = "");
    std::string own() const { return db.name() + "_own"; }
    std::string far() const { return db.name() + "_far"; }
    // What `init --print-grants` prints for the role of tenant(), as the superuser.
    void give_ledger() const;

    finished run(std::vector<std::string> args) const; // as tenant(), directly
    finished run_at(std::string const &dsn, std::vector<std::string> args) const;
    std::string value(std::string const &query) const { return db.value(query); }

    database db;
    scratch files;
    std::string config, role;

  private:
    std::vector<std::string> roles_;
};

} // namespace pgtend::test
