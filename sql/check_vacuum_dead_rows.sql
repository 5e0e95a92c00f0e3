-- SPDX-License-Identifier: Apache-2.0
-- Tables with many more dead rows than autovacuum waits for, by the server's own formula and the table's options (a TOAST table without
-- any follows its table's), that nobody vacuums now: it does not come, or it may not remove them.
-- $1: times the threshold that are a finding; $2: dead rows that it takes in any case.
WITH dead AS MATERIALIZED (
    SELECT c.oid, c.relname, c.relnamespace, c.relkind, c.reltuples, c.reloptions, pg_catalog.pg_stat_get_dead_tuples(c.oid) AS rows
    FROM pg_catalog.pg_class c
    WHERE c.relkind IN ('r', 'm', 't') AND c.relpersistence <> 't' AND pg_catalog.pg_stat_get_dead_tuples(c.oid) >= $2::float8
)
SELECT pg_catalog.format('%I.%I', n.nspname, coalesce(m.relname, c.relname)) AS object,
       pg_catalog.format('%s%s dead rows, %s times the %s that autovacuum waits for',
                         CASE WHEN c.relkind = 't' THEN 'its TOAST table has ' END, pg_catalog.to_char(c.rows, 'FM999,999,999,999'),
                         pg_catalog.round((c.rows / greatest(f.threshold, 1))::numeric, 1),
                         pg_catalog.to_char(f.threshold, 'FM999,999,999,990')) AS message,
       c.rows / greatest(f.threshold, 1) AS value,
       pg_catalog.format('VACUUM %I.%I', n.nspname, coalesce(m.relname, c.relname)) AS fix,
       NULL::text AS severity, NULL::text AS needs
FROM dead c
LEFT JOIN pg_catalog.pg_class m ON c.relkind = 't' AND m.reltoastrelid = c.oid
JOIN pg_catalog.pg_namespace n ON n.oid = coalesce(m.relnamespace, c.relnamespace)
CROSS JOIN LATERAL (
    SELECT coalesce(pg_catalog.max(x.option_value) FILTER (WHERE x.option_name = 'autovacuum_vacuum_threshold'),
                    pg_catalog.current_setting('autovacuum_vacuum_threshold'))::float8 AS base,
           coalesce(pg_catalog.max(x.option_value) FILTER (WHERE x.option_name = 'autovacuum_vacuum_scale_factor'),
                    pg_catalog.current_setting('autovacuum_vacuum_scale_factor'))::float8 AS scale,
           -- From 18 on; -1 is no limit.
           coalesce(pg_catalog.max(x.option_value) FILTER (WHERE x.option_name = 'autovacuum_vacuum_max_threshold'),
                    pg_catalog.current_setting('autovacuum_vacuum_max_threshold', true), '-1')::float8 AS most
    FROM pg_catalog.pg_options_to_table(coalesce(c.reloptions, m.reloptions)) x) o
CROSS JOIN LATERAL (SELECT least(o.base + o.scale * greatest(c.reltuples, 0), CASE WHEN o.most >= 0 THEN o.most END)) AS f (threshold)
WHERE n.nspname <> ALL (ARRAY['pgtend', 'information_schema']) AND n.nspname NOT LIKE 'pg\_%'
  AND c.rows >= $1::float8 * f.threshold
  AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_locks l
      JOIN pg_catalog.pg_stat_progress_vacuum v ON v.pid = l.pid
      JOIN pg_catalog.pg_database d ON d.datname = pg_catalog.current_database()
      WHERE l.locktype = 'relation' AND l.database = d.oid AND l.relation IN (c.oid, m.oid) AND l.granted
        AND l.mode IN ('ShareUpdateExclusiveLock', 'AccessExclusiveLock'))
UNION ALL
SELECT 'track_counts', 'dead rows are not counted', NULL, NULL, NULL, 'track_counts = on'
WHERE pg_catalog.current_setting('track_counts') = 'off'
ORDER BY 3 DESC NULLS LAST, 1;
