-- SPDX-License-Identifier: Apache-2.0
-- What has these names.
-- $1 text[]: schemas; $2 text[]: names
SELECT w.position, c.oid, c.relkind AS kind, tn.nspname AS table_schema, t.relname AS table_name
FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[]))
     WITH ORDINALITY AS w (schema, name, position)
JOIN pg_catalog.pg_namespace n ON n.nspname = w.schema::name
JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = w.name::name
LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid
LEFT JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
LEFT JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace;
