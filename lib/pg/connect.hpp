// SPDX-License-Identifier: Apache-2.0
// Opening sessions: by libpq, under a deadline, interruptible, with errors that tell what to do.
#pragma once
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/backoff.hpp"
#include "base/clock.hpp"
#include "pg/session.hpp"

namespace pgtend::pg {

// Where to connect. Built from a conninfo string or a URI; environment, service and pass files work
// as libpq has them. The only formatter leaves the password out, also one in a URI or in
// sslpassword.
class conninfo {
  public:
    conninfo() = default; // libpq's defaults and environment alone
    // Throws usage_error (never repeating the text, which may hold a password) when libpq cannot
    // parse it.
    explicit conninfo(std::string_view text);
    // What psql's -d takes: a conninfo string, when there is a '=' in it, or a URI; otherwise the
    // name of a database.
    static conninfo of_database(std::string_view text);
    void set(std::string const &keyword, std::string const &value); // replaces; empty: takes away
    std::string get(std::string_view keyword) const;                // empty when absent
    // Throws usage_error when it is no number, or list of numbers.
    void check_port() const;
    // "host=... port=... dbname=... user=...", without secrets.
    std::string display() const;
    std::vector<std::pair<std::string, std::string>> const &values() const noexcept
    {
        return values_;
    }

  private:
    std::vector<std::pair<std::string, std::string>> values_;
};

struct connect_options {
    conninfo target;
    std::string application_name =
        "pgtend"; // cut to 63 bytes, other than printable ASCII becomes '?'
    microseconds attempt_timeout = std::chrono::seconds{10}; // one attempt
    microseconds deadline = std::chrono::seconds{30};        // all attempts; 0: one attempt only
    // Pauses between attempts: 0.1 to 5 s for one who waits at a terminal. Patient, for one of many
    // that nobody waits for: 0.5 to 8.5 s, then 5 to 15, so that of a hundred that lose their
    // server at the same instant no more than some 20 a second come back.
    bool patient = false;
    microseconds tcp_user_timeout = std::chrono::seconds{30};
    std::stop_token stop = {};
};

// The same, for further sessions on the very server that `reached` is on: of several hosts, or
// addresses of one, that one alone.
connect_options on_same_server(connect_options options, session const &reached);

// Opens a session with keepalives and tcp_user_timeout set and client_encoding UTF8. What can pass
// (refused, unreachable, starting up, 53300 too many connections, 57P03) is tried again with
// decorrelated jitter until the deadline; what cannot (28xxx wrong password or no entry, 3D000
// unknown database, unknown host) fails at once. Throws connect_error, whose message and hint tell
// these apart; interrupted when stopped.
session connect(connect_options const &options, clock &time, random_source const &random);

// What became of a transaction whose COMMIT was lost: asks pg_xact_status(), again while it says in
// progress (a backend that lost its client goes on to the end of COMMIT) and on a new connection
// when this one is lost, until the deadline of `options`. Unknown also: no id, one that this server
// never gave (it was restored, or promoted without it) or has forgotten. Throws connect_error,
// interrupted.
enum class commit_outcome { committed, aborted, unknown };
commit_outcome commit_status(connect_options const &options, std::string const &transaction_id,
                             clock &time, random_source const &random);

} // namespace pgtend::pg
