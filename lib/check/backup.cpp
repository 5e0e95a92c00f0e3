// SPDX-License-Identifier: Apache-2.0
#include "check/areas.hpp"
#include "sql/queries.hpp"

namespace pgtend::check {

std::span<rule const> backup_rules()
{
    static rule const all[] = {
        {.id = "backup.archiver",
         .severity = severity::error,
         .title = "wal is archived",
         .why = "the disk fills with wal, and a restore ends at the last file that was archived",
         .fix = "repair archive_command; the server log has its errors",
         .query = sql::check_backup_archiver},
        {.id = "backup.archiving",
         .severity = severity::info,
         .title = "wal is archived or streamed",
         .why = "when the disk dies, everything since the last backup is lost",
         .fix = "archive_mode with a tool such as pgBackRest, or a standby; nothing when the "
                "provider does it",
         .query = sql::check_backup_archiving},
        {.id = "backup.slot_inactive",
         .severity = severity::error,
         .title = "every replication slot is read",
         .why = "it keeps wal until the disk is full, and holds back vacuum",
         .fix = "bring its reader back, or SELECT pg_drop_replication_slot(...)",
         .query = sql::check_backup_slot_inactive},
        {.id = "backup.slot_wal",
         .severity = severity::warning,
         .title = "replication slots keep little wal",
         .why = "the disk fills, and the server stops",
         .fix = "repair its reader; a limit by max_slot_wal_keep_size",
         .query = sql::check_backup_slot_wal,
         .first = {"warning", 1, "GB"},
         .second = {"error", 10, "GB"}},
        {.id = "backup.replica_lag",
         .severity = severity::warning,
         .title = "standbys keep up",
         .why = "a failover loses what they do not have, and they show old rows",
         .fix = "look at the network, the disk, and long queries on the standby",
         .query = sql::check_backup_replica_lag,
         .first = {"warning", 50, "MB"},
         .second = {"error", 100, "MB"}},
    };
    return all;
}

} // namespace pgtend::check
