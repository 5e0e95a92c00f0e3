// SPDX-License-Identifier: Apache-2.0
// A server that a test has for itself, to restart, halt and copy; and a hot standby of it.
#pragma once
#include <string>

#include "support/process.hpp"

namespace pgtend::test {

class own_server {
  public:
    // Starts it, with these beside what the environment has; about a second.
    explicit own_server(environment_changes const &environment = {});
    ~own_server();
    own_server(own_server const &) = delete;
    own_server &operator=(own_server const &) = delete;

    // Conninfo of the superuser, database postgres. The same after a restart.
    std::string const &dsn() const noexcept { return dsn_; }
    std::string const &directory() const noexcept { return directory_; }
    // The first cell of a query, in a session of its own.
    std::string value(std::string const &query) const;
    void psql(std::string const &statements) const;

    // mode: "smart", "fast" or "immediate".
    void restart(std::string const &mode) const;
    void halt(std::string const &mode) const;
    void resume() const; // after halt()

  private:
    scratch files_;
    std::string directory_, dsn_;
};

class standby {
  public:
    // Copies the server and follows it; it is caught up when this returns.
    explicit standby(own_server const &of);
    ~standby();
    standby(standby const &) = delete;
    standby &operator=(standby const &) = delete;

    std::string const &dsn() const noexcept { return dsn_; }
    std::string value(std::string const &query) const;
    // Everything that the primary has written until now is here.
    void catch_up() const;
    void promote() const;

  private:
    own_server const &primary_;
    scratch files_;
    std::string directory_, dsn_;
};

} // namespace pgtend::test
