-- SPDX-License-Identifier: Apache-2.0
-- Large tables on the server's default scale factor: a fifth of their rows is dead before autovacuum comes.
-- $1: rows that it takes.
SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS object,
       pg_catalog.format('%s rows: autovacuum waits for %s dead ones', pg_catalog.to_char(c.reltuples, 'FM999,999,999,999'),
                         pg_catalog.to_char(f.threshold, 'FM999,999,999,999')) AS message,
       c.reltuples::float8 AS value,
       pg_catalog.format('ALTER %s %I.%I SET (autovacuum_vacuum_scale_factor = 0.01)',
                         CASE WHEN c.relkind = 'm' THEN 'MATERIALIZED VIEW' ELSE 'TABLE' END, n.nspname, c.relname) AS fix,
       NULL::text AS severity, NULL::text AS needs
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_settings s ON s.name = 'autovacuum_vacuum_scale_factor' AND s.setting::float8 >= s.boot_val::float8
CROSS JOIN LATERAL (
    SELECT pg_catalog.max(x.option_value) FILTER (WHERE x.option_name = 'autovacuum_vacuum_scale_factor') AS scale,
           coalesce(pg_catalog.max(x.option_value) FILTER (WHERE x.option_name = 'autovacuum_vacuum_threshold'),
                    pg_catalog.current_setting('autovacuum_vacuum_threshold'))::float8 AS base,
           -- From 18 on; -1 is no limit.
           coalesce(pg_catalog.max(x.option_value) FILTER (WHERE x.option_name = 'autovacuum_vacuum_max_threshold'),
                    pg_catalog.current_setting('autovacuum_vacuum_max_threshold', true), '-1')::float8 AS most
    FROM pg_catalog.pg_options_to_table(c.reloptions) x) o
CROSS JOIN LATERAL (SELECT least(o.base + s.setting::float8 * c.reltuples, CASE WHEN o.most >= 0 THEN o.most END)) AS f (threshold)
WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't' AND c.reltuples > $1::float8
  AND n.nspname <> ALL (ARRAY['pgtend', 'information_schema']) AND n.nspname NOT LIKE 'pg\_%'
  AND o.scale IS NULL AND f.threshold >= s.boot_val::float8 / 2 * c.reltuples
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                  WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.objsubid = 0 AND d.deptype = 'e')
ORDER BY 3 DESC, 1;
