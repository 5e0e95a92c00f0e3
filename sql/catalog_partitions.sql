-- The partitions directly below tables, with their bounds as PostgreSQL stores them: pg_get_expr() would lock each
-- partition, and wait for whoever holds one.
-- $1 oid[]: partitioned tables
SELECT i.inhparent AS parent, c.oid, n.nspname AS schema, c.relname AS name, i.inhdetachpending AS pending,
       c.oid = p.partdefid AS is_default, c.relpartbound::text AS bound
FROM pg_catalog.pg_partitioned_table p
JOIN pg_catalog.pg_inherits i ON i.inhparent = p.partrelid
JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE p.partrelid = ANY ($1::oid[]) AND c.relpartbound IS NOT NULL;
