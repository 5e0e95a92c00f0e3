-- SPDX-License-Identifier: Apache-2.0
-- Names of relations of some kinds, for "did you mean ...?".
-- $1 text[]: kinds, as pg_class.relkind has them
SELECT n.nspname AS schema, c.relname AS name
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind::text = ANY ($1::text[])
  AND NOT c.relispartition
  AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\_%'
ORDER BY n.nspname, c.relname
LIMIT 10000;
