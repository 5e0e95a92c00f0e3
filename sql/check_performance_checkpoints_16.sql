-- SPDX-License-Identifier: Apache-2.0
-- As check_performance_checkpoints, for servers before 17.
-- $1: checkpoints that it takes.
SELECT 'max_wal_size' AS object,
       pg_catalog.format('%s checkpoints were requested and %s timed since %s', n.requested, n.timed,
                         pg_catalog.to_char(b.stats_reset AT TIME ZONE 'UTC', 'YYYY-MM-DD')) AS message,
       n.requested::float8 AS value,
       pg_catalog.format('ALTER SYSTEM SET max_wal_size = %L',
                         2 * pg_catalog.pg_size_bytes(pg_catalog.current_setting('max_wal_size')) / 1048576 || 'MB') AS fix,
       NULL::text AS severity, NULL::text AS needs
FROM pg_catalog.pg_stat_bgwriter b
CROSS JOIN LATERAL (SELECT (pg_catalog.to_jsonb(b) ->> 'checkpoints_req')::bigint,
                           (pg_catalog.to_jsonb(b) ->> 'checkpoints_timed')::bigint) AS n (requested, timed)
WHERE n.requested > n.timed AND n.requested >= $1::float8;
