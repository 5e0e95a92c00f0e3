// SPDX-License-Identifier: Apache-2.0
// A database of its own for a test, on the server that tests/support/server started.
#pragma once
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "pg/connect.hpp"

namespace pgtend::test {

// Conninfo of the test server's superuser. Throws error, telling what to do, when PGTEND_TEST_DSN
// is not set.
std::string server_dsn();

// One of the other PGTEND_TEST_* variables: "DIR", "BIN", "PORT", "LOGIN", "PASSWORD". Throws in
// the same way.
std::string server_variable(std::string const &name);

// Runs tests/support/NAME with these arguments, quoted for the shell by the caller; what it wrote
// to stdout. Throws when it fails.
std::string run_script(std::string const &name, std::string const &arguments);
// Has the script stop what it started in that directory; what goes wrong is told on stderr.
void stop_script(char const *name, std::string const &directory) noexcept;

// Options for a test: few seconds, no retries.
pg::connect_options options_for(std::string const &dsn);

// A session, opened with the system's clock.
pg::session open(std::string const &dsn);

// A fresh database pgtend_test_<pid>_<n>. Dropped at the end, with force, unless
// PGTEND_KEEP_TEST_DB is set.
class database {
  public:
    // A copy of `pattern`, which nobody may be connected to.
    explicit database(std::string const &pattern = "template0");
    ~database();
    database(database const &) = delete;
    database &operator=(database const &) = delete;

    std::string const &name() const noexcept { return name_; }
    std::string dsn() const;                        // of the superuser
    std::string dsn(std::string const &user) const; // over the socket, as another role
    pg::connect_options connect_options() const;
    pg::session connect() const;
    // Statements in one message of a session of its own: one implicit transaction unless they say
    // BEGIN.
    void psql(std::string_view statements) const;
    // The first cell of a query, by any thread. One session answers them all, opened anew when it
    // was ended: tests that wait ask a hundred times a second.
    std::string value(std::string_view query) const;

  private:
    std::string name_;
    mutable std::mutex mutex_; // of what is below
    mutable std::optional<pg::session> asking_;
};

} // namespace pgtend::test
