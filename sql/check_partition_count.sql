-- SPDX-License-Identifier: Apache-2.0
-- Partitioned tables with very many partitions.
-- $1: partitions that are a warning, $2: an error.
WITH RECURSIVE tree (root, oid) AS (
    SELECT c.oid, c.oid FROM pg_catalog.pg_class c WHERE c.relkind = 'p' AND NOT c.relispartition
    UNION ALL
    SELECT t.root, i.inhrelid FROM tree t JOIN pg_catalog.pg_inherits i ON i.inhparent = t.oid
),
counted AS (
    SELECT t.root, pg_catalog.count(*) - 1 AS partitions FROM tree t GROUP BY t.root HAVING pg_catalog.count(*) - 1 >= $1::float8
)
SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS object,
       pg_catalog.format('has %s partitions', p.partitions) AS message, p.partitions::float8 AS value, NULL::text AS fix,
       CASE WHEN p.partitions >= $2::float8 THEN 'error' ELSE 'warning' END AS severity, NULL::text AS needs
FROM counted p
JOIN pg_catalog.pg_class c ON c.oid = p.root
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
ORDER BY 3 DESC, 1;
