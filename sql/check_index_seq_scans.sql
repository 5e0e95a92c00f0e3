-- SPDX-License-Identifier: Apache-2.0
-- Large tables that are read from end to end more often than by an index. A scan that stops early, as LIMIT makes it, is none: they read
-- a tenth of the rows on the average. Each process of a parallel scan counts as one. The counters go back to stats_reset, or, from 15 on,
-- when that is null, to when the server last began all statistics anew.
-- $1: bytes that the table has; $2: scans that it takes.
WITH counted AS MATERIALIZED (
    SELECT c.oid, n.nspname, c.relname, c.reltuples, c.relpages, pg_catalog.pg_stat_get_numscans(c.oid) AS scans,
           pg_catalog.pg_stat_get_tuples_returned(c.oid) AS rows
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't'
      AND c.relpages * pg_catalog.current_setting('block_size')::float8 >= $1::float8 AND pg_catalog.pg_stat_get_numscans(c.oid) >= $2::float8
      AND n.nspname <> ALL (ARRAY['pgtend', 'information_schema']) AND n.nspname NOT LIKE 'pg\_%'
)
SELECT pg_catalog.format('%I.%I', c.nspname, c.relname) AS object,
       pg_catalog.format('%s scans of %s rows on the average since %s, and %s by an index; it has %s rows, %s',
                         pg_catalog.to_char(c.scans, 'FM999,999,999,999,990'),
                         pg_catalog.to_char(c.rows / c.scans, 'FM999,999,999,999,990'),
                         pg_catalog.to_char(s.since AT TIME ZONE 'UTC', 'YYYY-MM-DD'),
                         pg_catalog.to_char(x.scans, 'FM999,999,999,999,990'),
                         pg_catalog.to_char(c.reltuples, 'FM999,999,999,999,990'),
                         pg_catalog.pg_size_pretty(c.relpages * pg_catalog.current_setting('block_size')::bigint)) AS message,
       c.scans::float8 AS value, NULL::text AS fix, NULL::text AS severity, NULL::text AS needs
FROM counted c
CROSS JOIN LATERAL (SELECT coalesce(pg_catalog.sum(pg_catalog.pg_stat_get_numscans(i.indexrelid)), 0)
                    FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid) AS x (scans)
JOIN pg_catalog.pg_stat_database d ON d.datname = pg_catalog.current_database()
CROSS JOIN LATERAL (SELECT coalesce(d.stats_reset, least(b.stats_reset, a.stats_reset), pg_catalog.pg_postmaster_start_time())
                    FROM pg_catalog.pg_stat_bgwriter b, pg_catalog.pg_stat_archiver a) AS s (since)
WHERE c.scans > x.scans AND c.rows >= c.scans * c.reltuples / 10
UNION ALL
SELECT 'track_counts', 'scans are not counted', NULL, NULL, NULL, 'track_counts = on'
WHERE pg_catalog.current_setting('track_counts') = 'off'
ORDER BY 3 DESC NULLS LAST, 1;
