// SPDX-License-Identifier: Apache-2.0
#include "pg/diagnosis.hpp"

#include <iterator>

#include "pg/message.hpp"

namespace pgtend::pg {
namespace {

// The first row that fits counts: `sqlstate` is a prefix of the server's code (empty: the server
// gave none), `part` stands in the text (empty: any).
struct known_failure {
    std::string_view sqlstate;
    std::string_view part;
    bool may_pass;
    std::string_view hint;
};

constexpr known_failure known_failures[]{
    {"28P01", "", false,
     "Check role and password (~/.pgpass, PGPASSFILE, passfile=, PGPASSWORD); a server with SCRAM "
     "says this of a role that does "
     "not exist, too."},
    {"28000", "pg_hba.conf", false,
     "Add a line for this host, role and database to the server's pg_hba.conf, or use TLS if it "
     "asks for it."},
    {"28000", "does not exist", false,
     "Name an existing role with user=, or create this one with LOGIN."},
    {"28000", "not permitted to log in", false,
     "ALTER ROLE ... LOGIN, or name another role with user=."},
    {"28", "", false, "The server's pg_hba.conf tells how this role may log in."},
    {"3D000", "", false, "Check dbname=; 'psql -l' lists the databases."},
    {"42501", "", false, "GRANT CONNECT ON DATABASE ... TO this role."},
    {"55000", "", false,
     "The database does not allow connections (ALTER DATABASE ... ALLOW_CONNECTIONS)."},
    {"53300", "", true,
     "Close connections, raise the limit of the role or database, or max_connections; a pooler "
     "needs fewer."},
    {"57P03", "", true, "The server is starting up, shutting down or recovering."},
    {"57P", "", true, "The server is shutting down or restarting."},
    {"53", "", true, "The server is out of memory, disk or other resources."},
    {"08P01", "no such database", false,
     "The pooler does not know this database: see [databases] in its configuration."},
    {"08P01", "no such user", false,
     "The pooler does not know this role: see auth_file or auth_query in its configuration."},
    {"08P01", "unsupported startup parameter", false,
     "The pooler refuses a setting of the connection: remove options= or add it to "
     "ignore_startup_parameters."},
    {"08", "", true, "A pooler in between may have lost its server."},
    {"", "no password supplied", false,
     "Give a password by ~/.pgpass, PGPASSFILE, passfile= or PGPASSWORD."},
    {"", "Temporary failure in name resolution", true, "The name server does not answer."},
    {"", "could not translate host name", false, "The host name is not known: check host=."},
    {"", "Unix-domain socket path", false, "Use a shorter directory in host=."},
    {"", "invalid ", false, "Check the values of the connection string."},
    {"", "could not match ", false, "Give as many ports as hosts, or one for all."},
    {"", "definition of service", false,
     "Check service= and the service file (~/.pg_service.conf, PGSERVICEFILE)."},
    {"", "service file", false,
     "Check service= and the service file (~/.pg_service.conf, PGSERVICEFILE)."},
    {"", "does not support SSL", false,
     "The server has no TLS: sslmode=prefer or disable, or switch it on there."},
    {"", "certificate", false,
     "Check sslrootcert, sslcert, sslkey and the server's host name; sslmode=verify-full compares "
     "it."},
    {"", "private key file", false,
     "Check sslkey; the file must belong to you and be closed to others."},
    {"", "session is read-only", true,
     "No host of target_session_attrs is to be had: a failover may be going on."},
    {"", "session is not read-only", true,
     "No host of target_session_attrs is to be had: a failover may be going on."},
    {"", "hot standby mode", true,
     "No host of target_session_attrs is to be had: a failover may be going on."},
    {"", "Connection refused", true,
     "Is the server running, and does it listen on this host and port?"},
    {"", "No such file or directory", true,
     "Is the server running, and is its socket in this directory (host=)?"},
    {"", "Permission denied", false, "This user may not open the server's socket."},
    {"", "No route to host", true, "Nothing leads to this host: check network, VPN and firewall."},
    {"", "Network is unreachable", true,
     "Nothing leads to this host: check network, VPN and firewall (IPv6 is often missing)."},
    {"", "Cannot assign requested address", true,
     "No address of this host can reach the server: check host= and the network."},
};

} // namespace

diagnosis diagnose(std::string_view text, bool timed_out)
{
    auto const message = parse_message(text);
    diagnosis out{message.primary, message.hint, message.sqlstate, message.sqlstate.empty()};
    // libpq's own hint, which is in the table in better words.
    if (auto const advice = out.message.find(" Is the server running ");
        advice != std::string::npos) {
        out.message.resize(advice);
    }
    if (timed_out) {
        out.hint = "A firewall may swallow the packets, or the server hangs.";
        return out;
    }
    for (auto const &known : known_failures) {
        bool const same_code = known.sqlstate.empty()
                                   ? message.sqlstate.empty()
                                   : message.sqlstate.starts_with(known.sqlstate);
        if (same_code && message.primary.find(known.part) != std::string::npos) {
            out.may_pass = known.may_pass;
            if (out.hint.empty()) {
                out.hint = known.hint;
            }
            break;
        }
    }
    if (!message.detail.empty()) {
        out.message += ": " + message.detail;
    }
    return out;
}

} // namespace pgtend::pg
