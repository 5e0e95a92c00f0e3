-- SPDX-License-Identifier: Apache-2.0
-- since: 17
-- Whether most checkpoints come because max_wal_size is reached, not by the clock.
-- $1: checkpoints that it takes.
SELECT 'max_wal_size' AS object,
       pg_catalog.format('%s checkpoints were requested and %s timed since %s', c.num_requested, c.num_timed,
                         pg_catalog.to_char(c.stats_reset AT TIME ZONE 'UTC', 'YYYY-MM-DD')) AS message,
       c.num_requested::float8 AS value,
       pg_catalog.format('ALTER SYSTEM SET max_wal_size = %L',
                         2 * pg_catalog.pg_size_bytes(pg_catalog.current_setting('max_wal_size')) / 1048576 || 'MB') AS fix,
       NULL::text AS severity, NULL::text AS needs
FROM pg_catalog.pg_stat_checkpointer c
WHERE c.num_requested > c.num_timed AND c.num_requested >= $1::float8;
