-- SPDX-License-Identifier: Apache-2.0
-- What the server makes of the indexes of a temporary table of this session, from USING on; as catalog_indexes.sql tells it of others.
-- $1 regclass: the table
-- is_free: with an expression or a condition, which may be printed otherwise when it is read again. Before PostgreSQL 15 a temporary
-- schema is printed by its own name.
SELECT c.relname AS name,
       pg_catalog.substr(pg_catalog.pg_get_indexdef(i.indexrelid), pg_catalog.length(
           pg_catalog.format('CREATE %sINDEX %I ON %I.%I ', CASE WHEN i.indisunique THEN 'UNIQUE ' ELSE '' END, c.relname,
               CASE WHEN pg_catalog.current_setting('server_version_num')::int < 150000 THEN n.nspname ELSE 'pg_temp' END,
               t.relname)) + 1) AS definition,
       i.indexprs IS NOT NULL OR i.indpred IS NOT NULL AS is_free
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
WHERE i.indrelid = $1::pg_catalog.regclass;
