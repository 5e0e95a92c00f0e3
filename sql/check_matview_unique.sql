-- SPDX-License-Identifier: Apache-2.0
-- Materialized views that can be refreshed only while nobody reads them: REFRESH ... CONCURRENTLY wants a valid unique index on plain
-- columns, of all rows.
SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS object,
       'has no unique index on plain columns of all rows: a refresh locks readers out' AS message,
       NULL::float8 AS value,
       pg_catalog.format('CREATE UNIQUE INDEX CONCURRENTLY ON %I.%I (...)', n.nspname, c.relname) AS fix,
       NULL::text AS severity, NULL::text AS needs
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
WHERE c.relkind OPERATOR(pg_catalog.=) 'm' AND c.relispopulated
  AND n.nspname OPERATOR(pg_catalog.<>) ALL (ARRAY['pgtend', 'information_schema']) AND n.nspname NOT LIKE 'pg\_%'
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_index i
                  WHERE i.indrelid OPERATOR(pg_catalog.=) c.oid AND i.indisunique AND i.indisvalid AND i.indimmediate
                    AND i.indpred IS NULL AND i.indexprs IS NULL)
ORDER BY 1;
