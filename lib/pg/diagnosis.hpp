// SPDX-License-Identifier: Apache-2.0
// Why a connection could not be opened, and whether waiting may help.
#pragma once
#include <string>
#include <string_view>

namespace pgtend::pg {

struct diagnosis {
    std::string message;  // one line, lower case where libpq and the server leave the choice
    std::string hint;     // what to do; empty when unknown
    std::string sqlstate; // empty when the server did not answer
    bool may_pass = true;
};

// From libpq's text at VERBOSE verbosity. Tells apart: wrong password, no password, no entry in
// pg_hba.conf, unknown role, unknown database, no CONNECT privilege, too many connections, starting
// up, refused, no route, unknown host, no answer, TLS, a session of the wrong kind
// (target_session_attrs), and what PgBouncer says. Unknown failures may pass, unknown SQLSTATEs
// not.
diagnosis diagnose(std::string_view text, bool timed_out);

} // namespace pgtend::pg
