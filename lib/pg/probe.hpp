// SPDX-License-Identifier: Apache-2.0
// What one must know about a server before working on it, in one round trip.
#pragma once
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "pg/connect.hpp"
#include "pg/session.hpp"

namespace pgtend::pg {

enum class pooler { none, session, transaction };

struct capabilities {
    int server_version = 0;
    bool in_recovery = false;
    bool default_read_only = false;
    std::string database;
    std::string database_oid;
    std::string system_identifier; // empty when the role may not read it
    std::string user;
    bool superuser = false;
    bool bypasses_row_security = false;
    int backend_pid = 0;       // pg_backend_pid()
    bool pid_differs = false;  // from what the protocol's start told: a pooler of some mode
    instant server_time{};
    microseconds clock_skew{0}; // this host's clock minus the server's, half of the round trip taken off
    std::string search_path;    // what role and database say
    std::string time_zone;
};

// Settings of a control session (direct: for the session; they are sent with the probe): empty search_path, UTC, timeouts.
// One message, BEGIN; select ...; COMMIT, so that nothing leaks through a transaction pooler.
capabilities probe(session &s, clock &time);

// none: the pids agree. Otherwise a transaction is held on a second session to see whether the first one's backend changes
// (different pids alone also mean session mode).
pooler find_pooler(session &s, capabilities const &found, connect_options const &second, clock &time,
                   random_source const &random);

} // namespace pgtend::pg
