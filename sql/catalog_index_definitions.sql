-- SPDX-License-Identifier: Apache-2.0
-- What the server makes of the indexes of a temporary table of this session, from USING on; as catalog_indexes.sql tells it of others.
-- $1 regclass: the table
SELECT c.relname AS name,
       pg_catalog.substr(pg_catalog.pg_get_indexdef(i.indexrelid), pg_catalog.length(
           pg_catalog.format('CREATE %sINDEX %I ON pg_temp.%I ', CASE WHEN i.indisunique THEN 'UNIQUE ' ELSE '' END,
               c.relname, t.relname)) + 1) AS definition
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
WHERE i.indrelid = $1::pg_catalog.regclass;
