-- SPDX-License-Identifier: Apache-2.0
-- How far standbys and subscribers are behind this server, and, on a standby, what it has received and not yet replayed.
-- $1, $2: MB that are a warning, an error.
WITH behind (object, bytes, state, needs) AS (
    SELECT pg_catalog.format('standby %s', coalesce(nullif(r.application_name, ''), r.pid::text)),
           pg_catalog.pg_wal_lsn_diff(CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_receive_lsn()
                                           ELSE pg_catalog.pg_current_wal_lsn() END,
                                      -- pg_receivewal does not replay.
                                      coalesce(r.replay_lsn, r.flush_lsn, r.write_lsn, r.sent_lsn))::float8,
           r.state, CASE WHEN r.state IS NULL THEN 'pg_read_all_stats' END
    FROM pg_catalog.pg_stat_replication r
    WHERE r.state IS DISTINCT FROM 'backup'
    UNION ALL
    SELECT 'this standby',
           pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_last_wal_receive_lsn(), pg_catalog.pg_last_wal_replay_lsn())::float8, 'replaying', NULL
    WHERE pg_catalog.pg_is_in_recovery()
)
SELECT b.object,
       coalesce(pg_catalog.format('is %s behind (%s)', pg_catalog.pg_size_pretty(b.bytes::bigint), b.state),
                'how far it is behind cannot be seen') AS message,
       b.bytes / 1048576 AS value, NULL::text AS fix,
       CASE WHEN b.bytes / 1048576 >= $2::float8 THEN 'error' ELSE 'warning' END AS severity, b.needs
FROM behind b
WHERE b.needs IS NOT NULL OR b.bytes / 1048576 >= least($1::float8, $2::float8)
ORDER BY 3 DESC NULLS LAST, 1;
