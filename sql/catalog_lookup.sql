-- SPDX-License-Identifier: Apache-2.0
-- Which relations have these names. A name without a schema is looked for in every schema but the system's.
-- $1 text[]: schemas, '' where none was given; $2 text[]: names
-- No row for a name that does not exist; several where several schemas have it.
SELECT asked.position, c.oid, n.nspname AS schema, c.relname AS name, c.relkind AS kind
FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[]))
     WITH ORDINALITY AS asked (schema, name, position)
JOIN pg_catalog.pg_class c ON c.relname = asked.name::pg_catalog.name AND c.relkind NOT IN ('t', 'c')
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = asked.schema
   OR (asked.schema = '' AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\_%')
ORDER BY asked.position, n.nspname;
