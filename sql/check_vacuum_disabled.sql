-- SPDX-License-Identifier: Apache-2.0
-- Where autovacuum does not work: nowhere, or not on a table whose option says so.
SELECT s.name AS object,
       'is off: no table is vacuumed or analyzed by itself' AS message,
       NULL::float8 AS value, pg_catalog.format('ALTER SYSTEM SET %s = on', s.name) AS fix, 'error' AS severity, NULL::text AS needs
FROM (VALUES ('autovacuum'), ('track_counts')) AS s (name)
WHERE NOT pg_catalog.current_setting(s.name)::bool
UNION ALL
SELECT pg_catalog.format('%I.%I', n.nspname, t.relname),
       pg_catalog.format('autovacuum is disabled for %s', CASE WHEN c.relkind = 't' THEN 'its TOAST table' ELSE 'it' END), NULL,
       pg_catalog.format('ALTER %s %I.%I RESET (%sautovacuum_enabled)',
                         CASE WHEN t.relkind = 'm' THEN 'MATERIALIZED VIEW' ELSE 'TABLE' END, n.nspname, t.relname,
                         CASE WHEN c.relkind = 't' THEN 'toast.' END), 'warning', NULL
FROM pg_catalog.pg_class c
LEFT JOIN pg_catalog.pg_class m ON c.relkind = 't' AND m.reltoastrelid = c.oid
JOIN pg_catalog.pg_class t ON t.oid = coalesce(m.oid, c.oid)
JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
WHERE c.relkind IN ('r', 'm', 't') AND c.reloptions IS NOT NULL AND t.relpersistence <> 't'
  AND n.nspname <> ALL (ARRAY['pgtend', 'information_schema']) AND n.nspname NOT LIKE 'pg\_%'
  AND EXISTS (SELECT FROM pg_catalog.pg_options_to_table(c.reloptions) o
              WHERE o.option_name = 'autovacuum_enabled' AND NOT o.option_value::bool)
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                  WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = t.oid AND d.objsubid = 0 AND d.deptype = 'e')
ORDER BY 5, 1, 2;
