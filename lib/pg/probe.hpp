// SPDX-License-Identifier: Apache-2.0
// What one must know about a server before working on it, in one round trip.
#pragma once
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "pg/connect.hpp"
#include "pg/session.hpp"

namespace pgtend::pg {

// Major versions of PostgreSQL. Older servers are refused; newer ones are warned of, once a
// session.
constexpr int oldest_server = 14, newest_tested_server = 18;

struct capabilities {
    int server_version = 0;
    bool in_recovery = false;
    std::string database;
    std::string user;
    bool superuser = false;
    int backend_pid = 0; // pg_backend_pid()
    // From what the protocol's start told: a pooler of some mode. Which one cannot be found out: in
    // transaction mode, too, a client may get the same server connection again and again, and
    // several PgBouncers that share a port (so_reuseport) spoil a comparison with a second session.
    bool pid_differs = false;
    instant server_time{};
    // This host's clock minus the server's, half of the round trip taken off.
    microseconds clock_skew{0};
};

// Queries that travel with the probe and save a round trip.
struct companion {
    std::string sql; // without parameters
    // One a query; none when one of them failed: ask again without the probe to learn why.
    std::vector<rows> answers = {};
};

// One message, BEGIN ... READ ONLY; SELECT ...; COMMIT: one round trip. Also gives the session the
// settings of a control session, unless a pooler stands between, through which they would reach
// other clients (then each transaction sets its own): search_path empty, TimeZone UTC, ISO dates,
// statement_timeout, lock_timeout and transaction_timeout 0, idle_in_transaction_session_timeout 30
// s, idle_session_timeout 0, client_min_messages notice (skipped work is told by a warning),
// default_transaction_read_only off. Limits of the role do not reach it, but statement_timeout of
// at most a few milliseconds may. `with` is asked under these settings, in the same transaction, of
// which all see one snapshot. Throws connect_error, before anything is sent, when the server is too
// old.
capabilities probe(session &s, clock &time, companion *with = nullptr);

// The OID of the database, from what pg_relation_filepath(1259) says of pg_class in it:
// "base/<database>/1259", or "pg_tblspc/<tablespace>/<version>/<database>/...". Asking pg_database
// costs a fresh backend more. Empty when it is no such path.
std::string database_of(std::string const &path);

// Whether the role of this session sees all rows whatever the policies say (BYPASSRLS or
// superuser). Not part of the probe, because the view costs a fresh backend as much as all of it.
bool bypasses_row_security(session &s);

} // namespace pgtend::pg
