// SPDX-License-Identifier: Apache-2.0
#include "check/areas.hpp"
#include "sql/queries.hpp"

namespace pgtend::check {

std::span<rule const> config_rules()
{
    static rule const all[] = {
        {.id = "config.durability",
         .severity = severity::error,
         .title = "commits survive a crash",
         .why = "after a crash the data may be destroyed beyond repair",
         .fix = "ALTER SYSTEM SET ... = on, then SELECT pg_reload_conf()",
         .query = sql::check_config_durability},
        {.id = "config.pending_restart",
         .severity = severity::warning,
         .title = "no setting waits for a restart",
         .why = "the server works with other settings than its files have, until it happens to be "
                "started anew",
         .fix = "restart it when it suits, or take the change back",
         .query = sql::check_config_pending_restart},
        {.id = "config.checksums",
         .severity = severity::info,
         .title = "checksums find damaged pages",
         .why = "damage spreads into backups and standbys before anybody notices",
         .fix = "after a failure: restore the page's table from a backup, change the disk; "
                "pg_checksums --enable on a server that is stopped",
         .query = sql::check_config_checksums},
        {.id = "config.memory",
         .severity = severity::info,
         .title = "shared_buffers fits the machine",
         .why = "most of the memory is used by the operating system's cache alone",
         .fix = "a quarter of the memory, for a machine that does nothing else",
         .query = sql::check_config_memory},
        {.id = "config.timeouts",
         .severity = severity::info,
         .title = "a forgotten transaction is ended",
         .why = "one client that hangs keeps locks, and holds back vacuum",
         .fix = "idle_in_transaction_session_timeout for the database or its roles",
         .query = sql::check_config_timeouts},
        {.id = "config.logging",
         .severity = severity::info,
         .title = "the log tells what is slow",
         .why = "afterwards nobody can tell what happened",
         .fix = "ALTER SYSTEM SET ..., then SELECT pg_reload_conf()",
         .query = sql::check_config_logging},
        {.id = "config.extensions",
         .severity = severity::warning,
         .title = "extensions are at the server's version",
         .why = "its library and its SQL belong to different versions",
         .fix = "ALTER EXTENSION ... UPDATE",
         .query = sql::check_config_extensions},
        {.id = "config.lock_table",
         .severity = severity::warning,
         .title = "the lock table has room for the largest partitioned table",
         .why = "statements on it fail with \"out of shared memory\", others' too",
         .fix = "a higher max_locks_per_transaction, and a restart; fewer partitions",
         .query = sql::check_config_lock_table,
         .first = {"warning", 50, "%"}},
        {.id = "config.client_check",
         .severity = severity::info,
         .title = "statements end with their client",
         .why = "a runner that was killed leaves its statement behind, with its locks",
         .fix = "client_connection_check_interval for the role",
         .query = sql::check_config_client_check},
        {.id = "config.role_settings",
         .severity = severity::warning,
         .title = "no setting of the role or the database changes what jobs do",
         .why = "jobs do something else than their text says, or end at once",
         .fix = "ALTER ROLE ... RESET",
         .query = sql::check_config_role_settings},
        {.id = "config.version",
         .severity = severity::warning,
         .title = "the server's version gets fixes",
         .why = "known security holes stay open",
         .fix = "pg_upgrade to a newer major version",
         .query = sql::check_config_version,
         .first = {"warning", 180, "days"}},
    };
    return all;
}

} // namespace pgtend::check
