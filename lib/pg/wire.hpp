// SPDX-License-Identifier: Apache-2.0
// The calls of libpq that this module needs beside libpqxx: opening, notices, several statements in
// one message, cancel. The only door to libpq: its header is included in wire.cpp alone.
#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/rows.hpp"
#include "pg/message.hpp"

namespace pgtend::pg::wire {

// libpq's PGconn; never null.
using connection = void *;
using keywords = std::vector<std::pair<std::string, std::string>>;

// PQconninfoParse: the keywords that the text gives; nothing when libpq cannot parse it. The reason
// is not handed on, because libpq quotes the text, which may hold a password.
std::optional<keywords> parse_conninfo(std::string const &text);

// Opening: start, then wait for the socket as `advance` says. The connection is always to be
// closed, also one that failed. Name resolution blocks inside (libpq 15 and 17), bounded by the
// resolver's own limits.
enum class progress { wants_read, wants_write, done, failed };
connection start_opening(keywords const &parameters);
progress advance(connection conn);
void close(connection conn) noexcept;

int socket(connection conn) noexcept; // -1 when closed
// What libpq resolved (environment, service file, pass file): empty when unset.
std::string option(connection conn, std::string_view keyword);
// What is being tried or was reached, of several hosts and addresses.
struct target {
    std::string host, port, address;
    bool operator==(target const &) const = default;
};
target current_target(connection conn);
// The text of the last failure, never with a password in it.
std::string failure_text(connection conn);
void set_tcp_user_timeout(connection conn,
                          std::chrono::milliseconds timeout) noexcept; // no effect on a Unix socket

int server_version(connection conn) noexcept;
int backend_pid(connection conn) noexcept;
bool broken(connection conn) noexcept; // as far as libpq noticed
// Reads what has arrived without waiting (a FATAL of the server becomes a notice); false when the
// server has gone.
bool look_alive(connection conn) noexcept;
enum class transaction { none, open, failed, busy, unknown };
transaction transaction_state(connection conn) noexcept; // no round trip

// Notices go there from now on; nullptr drops them.
void collect_notices(connection conn, notice_log *log) noexcept;

// One message of any number of statements. On failure the text of the first error, as VERBOSE gives
// it.
struct answer {
    std::vector<rows> results = {}; // one a statement
    std::string tag = {};           // of the last statement: "COMMIT", "ROLLBACK", "UPDATE 5"
    std::string failure = {};
};
answer execute(connection conn, std::string const &sql);
// Has one statement parsed and its names looked up, as the unnamed prepared statement; runs
// nothing.
answer parse(connection conn, std::string const &sql);
// One statement, the cells of each row handed on as it comes. `use` does not throw.
answer each_row(connection conn, std::string const &sql, std::vector<param> const &parameters,
                std::function<void(std::vector<rows::cell> const &)> const &use);
// One statement whose rows are counted and thrown away as they come, however many they are:
// the one result has no row, and their number, or that of the changed ones, as affected().
answer count_rows(connection conn, std::string const &sql);
// Ends a COPY ... FROM STDIN or TO STDOUT that a statement has begun, and what else the message
// asks for; returns the text of an error. What COPY TO STDOUT was sent with in one message is
// carried out.
std::string end_copy(connection conn);

// What another thread needs to end what the connection runs. Holds a duplicate of the socket,
// because libpq may close its own at any moment, and its number would then be another file's.
class canceller {
  public:
    explicit canceller(connection conn);
    ~canceller();
    canceller(canceller const &) = delete;
    canceller &operator=(canceller const &) = delete;
    // PQcancel: blocks until the server has passed the signal on, as long as that takes. False when
    // that failed.
    bool send() noexcept;
    // Ends a call that is blocked on the connection, and the connection with it.
    void shut_down() noexcept;

  private:
    void *handle_;
    int socket_;
};

} // namespace pgtend::pg::wire

namespace pgtend::pg {

// session.cpp: takes the opened connection over.
session adopt(wire::connection conn);

} // namespace pgtend::pg
