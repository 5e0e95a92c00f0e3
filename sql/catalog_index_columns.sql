-- SPDX-License-Identifier: Apache-2.0
-- The columns of tables as CREATE TABLE takes them, with type and collation and nothing else.
-- $1 oid[]: tables
SELECT a.attrelid AS oid,
       pg_catalog.quote_ident(a.attname) || ' ' || pg_catalog.format_type(a.atttypid, a.atttypmod)
       || CASE WHEN c.oid IS NULL THEN '' ELSE ' COLLATE ' || pg_catalog.format('%I.%I', n.nspname, c.collname) END AS definition
FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_catalog.pg_collation c ON c.oid = a.attcollation AND a.attcollation <> t.typcollation
LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.collnamespace
WHERE a.attrelid = ANY ($1::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum;
