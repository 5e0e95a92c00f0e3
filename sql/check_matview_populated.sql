-- SPDX-License-Identifier: Apache-2.0
-- Materialized views that cannot be read because they were never filled.
SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS object,
       'was never filled: every query that reads it fails' AS message,
       NULL::float8 AS value,
       pg_catalog.format('REFRESH MATERIALIZED VIEW %I.%I', n.nspname, c.relname) AS fix,
       NULL::text AS severity, NULL::text AS needs
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
WHERE c.relkind OPERATOR(pg_catalog.=) 'm' AND NOT c.relispopulated
  AND n.nspname OPERATOR(pg_catalog.<>) ALL (ARRAY['pgtend', 'information_schema']) AND n.nspname NOT LIKE 'pg\_%'
ORDER BY 1;
