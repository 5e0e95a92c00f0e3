-- SPDX-License-Identifier: Apache-2.0
-- The storage parameters that were set, with what they were before. schema and name are those of now, null when the table is gone.
SELECT p.relation::pg_catalog.oid AS oid, n.nspname AS schema, c.relname AS name, p.table_name, p.parameter, p.original, p.value,
       p.of_new_partitions
FROM pgtend.storage_parameter p
LEFT JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) p.relation::pg_catalog.oid
LEFT JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
ORDER BY n.nspname, c.relname, p.table_name, p.parameter;
