// SPDX-License-Identifier: Apache-2.0
// One PostgreSQL session. No libpq or libpqxx type leaks out of this module.
#pragma once
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/rows.hpp"

namespace pgtend::pg {

// What a server said beside a result.
struct notice {
    std::string severity; // WARNING, NOTICE, INFO ...
    std::string sqlstate;
    std::string message; // primary message, then detail and hint on lines of their own
};

// How long a statement may take and who may end it. A limit that is over cancels the statement on
// the server; when that does not help within `grace`, the connection is shut down and the call ends
// as connection_lost.
struct limits {
    microseconds timeout{0}; // 0: none
    std::stop_token stop = {};
    microseconds grace = std::chrono::seconds{2};
};

enum class isolation { read_committed, repeatable_read, serializable };

// Not for several threads at a time. Nothing ever reconnects by itself.
class session {
  public:
    ~session(); // closes; an open transaction is rolled back by the server
    session(session &&) noexcept;
    session &operator=(session &&) noexcept;

    // One statement, in the open transaction or by itself. A trailing ';' and comments are allowed;
    // a second statement is not (with parameters the server refuses it; without, it would be one
    // implicit transaction: use batch()). Throws: error with SQLSTATE and statement (0A000 for COPY
    // from or to the client; 22021, and nothing is sent, when a NUL byte is in it or in a
    // parameter); timed_out or interrupted when its limit or stop ended it; connection_lost, after
    // which a statement outside a transaction may have been carried out all the same.
    rows run(std::string_view sql, std::vector<param> const &parameters = {},
             limits const &limit = {});
    // Several statements in one message, which PostgreSQL runs as one implicit transaction unless
    // they say BEGIN; the rows of the last one that returned any. No parameters. One round trip.
    rows batch(std::string_view sql, limits const &limit = {});
    // The same, the result of each statement.
    std::vector<rows> batch_all(std::string_view sql, limits const &limit = {});

    // One statement whose rows are handed on as they come, while the server makes the next ones:
    // for results of many thousands. `use` gets the cells of a row, in the order of the statement's
    // columns, which live as long as the call. Throws what run() throws, some rows having been used
    // by then; what `use` throws, after the rest was received and thrown away.
    void each_row(std::string_view sql, std::vector<param> const &parameters,
                  std::function<void(std::vector<rows::cell> const &)> const &use,
                  limits const &limit = {});

    // One statement of which only the number of rows matters: those that it returns are counted and
    // thrown away as they come, so that memory stays flat. Throws what run() throws.
    rows count(std::string_view sql, limits const &limit = {});

    // Has one statement parsed, its names looked up and its types checked; nothing of it is run,
    // and privileges are not asked. Of DDL and of commands such as VACUUM only the grammar is
    // checked. Takes the locks on tables that running it would (at most ROW EXCLUSIVE), until the
    // transaction ends. Several statements are an error (42601). Throws what run() throws.
    void parse(std::string_view sql, limits const &limit = {});

    // BEGIN ISOLATION LEVEL ... READ WRITE or READ ONLY. Throws error when a transaction is open.
    void begin(isolation level = isolation::read_committed, bool read_only = false,
               limits const &limit = {});
    // Throws outcome_unknown only when COMMIT was sent and no answer came; connection_lost when the
    // session was gone before. An answer of ROLLBACK (the transaction had failed) throws error
    // 40000. Throws error when none is open. A limit that is over while deferred triggers run rolls
    // back (timed_out); a stop that was asked for before COMMIT is sent leaves the transaction open
    // (interrupted).
    void commit(limits const &limit = {});
    void rollback() noexcept; // also when none is open, or the session is lost
    bool in_transaction() const noexcept;
    // pg_current_xact_id() of the open transaction, noted so that outcome_unknown can carry it. One
    // round trip.
    std::string note_transaction_id(limits const &limit = {});

    // Every notice since the last call, oldest first; the first and the last 500 are kept, those
    // between are counted in the message before them.
    std::vector<notice> take_notices();

    bool lost() const noexcept;
    int server_version() const noexcept; // 150020
    // The host that it is connected to, of several: a name, an address, or a socket's directory.
    std::string host() const;
    // The port, and the address where the host was looked up (empty for a Unix socket).
    std::string port() const;
    std::string address() const;
    // As the protocol's start told (PQbackendPID); behind a pooler it is not pg_backend_pid().
    int backend_pid() const noexcept;

    struct impl; // session.cpp
    explicit session(std::unique_ptr<impl> implementation);

  private:
    std::unique_ptr<impl> impl_;
};

} // namespace pgtend::pg
