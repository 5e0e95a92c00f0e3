-- SPDX-License-Identifier: Apache-2.0
-- Every partitioned table of the database that is not a partition itself, but for temporary ones.
SELECT n.nspname AS schema, c.relname AS name
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'p' AND NOT c.relispartition AND c.relpersistence <> 't'
ORDER BY n.nspname, c.relname;
