// SPDX-License-Identifier: Apache-2.0
// A PgBouncer in front of the test server, as tests/support/pooler starts it.
#pragma once
#include <string>

#include "support/database.hpp"
#include "support/process.hpp"

namespace pgtend::test {

class pooler {
  public:
    // mode: "session" or "transaction"; size: server connections to a database.
    // `role`: who may pass beside the superuser.
    explicit pooler(std::string const &mode, int size = 5, std::string const &role = "");
    ~pooler();
    pooler(pooler const &) = delete;
    pooler &operator=(pooler const &) = delete;

    // Conninfo of the superuser through it.
    std::string dsn(database const &db) const;
    std::string dsn(database const &db, std::string const &role) const;
    std::string console() const; // of the superuser to its admin console

  private:
    scratch files_;
    std::string directory_;
    int port_;
};

} // namespace pgtend::test
