-- SPDX-License-Identifier: Apache-2.0
-- WAL that replication slots keep, slots that lost what they need or are about to, and whether a limit is set.
-- $1, $2: GB kept that are a warning, an error.
WITH slot AS MATERIALIZED (
    SELECT s.slot_name, s.wal_status,
           pg_catalog.pg_wal_lsn_diff(CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
                                           ELSE pg_catalog.pg_current_wal_lsn() END, s.restart_lsn)::float8 AS bytes
    FROM pg_catalog.pg_replication_slots s
)
SELECT pg_catalog.format('replication slot %I', s.slot_name) AS object,
       CASE WHEN s.wal_status = 'lost' THEN 'wal that it needs was removed: whoever reads it must start anew'
            ELSE pg_catalog.format('keeps %s of wal%s', pg_catalog.pg_size_pretty(s.bytes::bigint),
                                   CASE WHEN s.wal_status = 'unreserved' THEN ', and loses it at the next checkpoint' END) END AS message,
       s.bytes / 1073741824 AS value,
       CASE WHEN s.wal_status = 'lost' THEN pg_catalog.format('SELECT pg_catalog.pg_drop_replication_slot(%L)', s.slot_name) END AS fix,
       CASE WHEN s.wal_status IN ('lost', 'unreserved') OR s.bytes / 1073741824 >= $2::float8 THEN 'error' ELSE 'warning' END AS severity,
       NULL::text AS needs
FROM slot s
WHERE s.wal_status IN ('lost', 'unreserved') OR s.bytes / 1073741824 >= least($1::float8, $2::float8)
UNION ALL
SELECT 'max_slot_wal_keep_size',
       pg_catalog.format('no limit to the wal that %s replication slots keep: one that is forgotten fills the disk', pg_catalog.count(*)),
       NULL, 'ALTER SYSTEM SET max_slot_wal_keep_size = ''50GB''', 'info', NULL
FROM slot
WHERE pg_catalog.current_setting('max_slot_wal_keep_size') = '-1'
HAVING pg_catalog.count(*) > 0
ORDER BY 3 DESC NULLS LAST, 1;
