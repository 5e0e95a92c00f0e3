-- SPDX-License-Identifier: Apache-2.0
-- Tables that the planner knows nothing of: never analyzed, as far as the statistics go back, though many rows came. A partitioned table
-- has statistics of its own, and autovacuum never makes them.
-- $1: rows that it takes; $2: times the table's threshold for ANALYZE that changed rows are a finding.
WITH RECURSIVE fresh AS MATERIALIZED (
    SELECT c.oid, c.relname, c.relnamespace, c.relkind, c.relispartition, c.reltuples, c.reloptions
    FROM pg_catalog.pg_class c
    WHERE c.relpersistence <> 't'
      -- In one expression, so that nothing is asked about indexes.
      AND CASE WHEN c.relkind = 'p' THEN c.reltuples < 0 AND NOT c.relispartition
               WHEN c.relkind IN ('r', 'm') THEN pg_catalog.pg_stat_get_live_tuples(c.oid) > $1::float8
                    AND pg_catalog.pg_stat_get_last_analyze_time(c.oid) IS NULL
                    AND pg_catalog.pg_stat_get_last_autoanalyze_time(c.oid) IS NULL
               ELSE false END
),
tree (root, oid) AS (
    SELECT f.oid, f.oid FROM fresh f WHERE f.relkind = 'p'
    UNION
    SELECT t.root, i.inhrelid FROM tree t JOIN pg_catalog.pg_inherits i ON i.inhparent = t.oid
),
counted AS (
    SELECT f.oid, pg_catalog.pg_stat_get_live_tuples(f.oid)::float8 AS rows,
           pg_catalog.pg_stat_get_mod_since_analyze(f.oid)::float8 AS changed FROM fresh f WHERE f.relkind <> 'p'
    UNION ALL
    SELECT t.root, pg_catalog.sum(greatest(c.reltuples, pg_catalog.pg_stat_get_live_tuples(c.oid), 0)), NULL
    FROM tree t JOIN pg_catalog.pg_class c ON c.oid = t.oid GROUP BY t.root
)
SELECT pg_catalog.format('%I.%I', n.nspname, f.relname) AS object,
       pg_catalog.format('%s rows, never analyzed%s', pg_catalog.to_char(c.rows, 'FM999,999,999,999'),
                         CASE WHEN f.relkind = 'p' THEN ': autovacuum does not do it for a partitioned table' END) AS message,
       c.rows AS value, pg_catalog.format('ANALYZE %I.%I', n.nspname, f.relname) AS fix, NULL::text AS severity, NULL::text AS needs
FROM fresh f
JOIN counted c ON c.oid = f.oid
JOIN pg_catalog.pg_namespace n ON n.oid = f.relnamespace
CROSS JOIN LATERAL (
    SELECT coalesce(pg_catalog.max(x.option_value) FILTER (WHERE x.option_name = 'autovacuum_analyze_threshold'),
                    pg_catalog.current_setting('autovacuum_analyze_threshold'))::float8
           + coalesce(pg_catalog.max(x.option_value) FILTER (WHERE x.option_name = 'autovacuum_analyze_scale_factor'),
                      pg_catalog.current_setting('autovacuum_analyze_scale_factor'))::float8 * greatest(f.reltuples, 0)
    FROM pg_catalog.pg_options_to_table(f.reloptions) x) AS o (threshold)
WHERE n.nspname <> ALL (ARRAY['pgtend', 'information_schema']) AND n.nspname NOT LIKE 'pg\_%'
  AND c.rows > $1::float8 AND (f.relkind = 'p' OR c.changed >= $2::float8 * o.threshold)
UNION ALL
SELECT 'track_counts', 'changed rows are not counted', NULL, NULL, NULL, 'track_counts = on'
WHERE pg_catalog.current_setting('track_counts') = 'off'
ORDER BY 3 DESC NULLS LAST, 1;
