-- The partitions directly below tables, with their bounds as text.
-- $1 oid[]: partitioned tables
-- Bounds are printed as the session's settings say: they are set here, for this statement's transaction, and before any
-- bound is printed, because every row needs one of `rendering`.
WITH rendering AS MATERIALIZED (
    SELECT pg_catalog.set_config('TimeZone', 'UTC', true), pg_catalog.set_config('DateStyle', 'ISO, YMD', true)
)
SELECT i.inhparent AS parent, c.oid, n.nspname AS schema, c.relname AS name, i.inhdetachpending AS pending,
       pg_catalog.pg_get_expr(c.relpartbound, c.oid) AS bound
FROM rendering
CROSS JOIN pg_catalog.pg_inherits i
JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE i.inhparent = ANY ($1::oid[]) AND c.relpartbound IS NOT NULL;
