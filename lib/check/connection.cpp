// SPDX-License-Identifier: Apache-2.0
#include "check/areas.hpp"
#include "sql/queries.hpp"

namespace pgtend::check {

std::span<rule const> connection_rules()
{
    static rule const all[] = {
        {.id = "connection.use",
         .severity = severity::warning,
         .title = "connections are left",
         .why = "when none is, every new client is refused",
         .fix = "a pooler before the server, rather than a higher max_connections",
         .query = sql::check_connection_use,
         .first = {"warning", 75, "%"},
         .second = {"error", 90, "%"}},
        {.id = "connection.idle_in_transaction",
         .severity = severity::warning,
         .title = "no session idles in a transaction",
         .why = "it keeps its locks, and rows from being vacuumed",
         .fix = "repair the client; idle_in_transaction_session_timeout ends what it forgets",
         .query = sql::check_connection_idle_in_transaction,
         .first = {"warning", 300, "s"},
         .second = {"error", 900, "s"}},
        {.id = "connection.long_transaction",
         .severity = severity::warning,
         .title = "no transaction is open for half a day",
         .why = "until it ends, no row that was deleted since it began is removed, in any table",
         .fix = "end it; do the work in portions",
         .query = sql::check_connection_long_transaction,
         .first = {"warning", 12, "h"},
         .second = {"error", 24, "h"}},
        {.id = "connection.blocked",
         .severity = severity::warning,
         .title = "nobody waits long for a lock",
         .why = "others queue behind the one who waits",
         .fix = "end whoever holds the lock, or wait; lock_timeout for what changes tables",
         .query = sql::check_connection_blocked,
         .first = {"warning", 60, "s"}},
        {.id = "connection.prepared",
         .severity = severity::warning,
         .title = "no prepared transaction is left over",
         .why = "it keeps its locks and holds back vacuum, also across a restart",
         .fix = "COMMIT PREPARED or ROLLBACK PREPARED, in its database; max_prepared_transactions "
                "= 0 when nobody uses them",
         .query = sql::check_connection_prepared,
         .first = {"warning", 300, "s"},
         .second = {"error", 3600, "s"}},
        {.id = "connection.unencrypted",
         .severity = severity::warning,
         .title = "sessions from other machines are encrypted",
         .why = "passwords, statements and rows can be read and changed on the way",
         .fix = "hostssl in pg_hba.conf, sslmode=verify-full for clients",
         .query = sql::check_connection_unencrypted},
    };
    return all;
}

} // namespace pgtend::check
