-- SPDX-License-Identifier: Apache-2.0
-- Whether WAL leaves this server at all: into an archive, or to a standby or pg_receivewal. A logical subscriber does not count.
SELECT 'archive_mode' AS object,
'wal is neither archived nor streamed: what was written since the last backup is on this server alone' AS message,
       NULL::float8 AS value, NULL::text AS fix, NULL::text AS severity, NULL::text AS needs
WHERE pg_catalog.current_setting('archive_mode') = 'off' AND NOT pg_catalog.pg_is_in_recovery()
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_replication r
                  WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_replication_slots s WHERE s.active_pid = r.pid AND s.slot_type = 'logical'));
