-- SPDX-License-Identifier: Apache-2.0
-- A row when pg_partman is in the schema partman, and the role may read what it maintains.
SELECT c.oid
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
WHERE n.nspname OPERATOR(pg_catalog.=) 'partman' AND c.relname OPERATOR(pg_catalog.=) 'part_config'
  AND c.relkind OPERATOR(pg_catalog.=) 'r'
  AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(c.oid, 'SELECT');
