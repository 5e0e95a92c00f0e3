-- SPDX-License-Identifier: Apache-2.0
-- The partitions directly below tables, with their bounds as PostgreSQL stores them: pg_get_expr() would lock each
-- partition, and wait for whoever holds one.
-- $1 oid[]: partitioned tables
-- The columns are read by their position, row by row.
SELECT i.inhparent AS parent, c.oid, n.nspname AS schema, c.relname AS name, i.inhdetachpending AS pending,
       c.oid = p.partdefid AS is_default,
       -- The bytes of its values are read lowest first; on servers of the other byte order it is printed after all.
       CASE WHEN (SELECT pg_catalog.version() !~ '(s390|sparc|powerpc-|powerpc64-|ppc64-|mips|hppa|m68k)')
            THEN c.relpartbound::text END AS bound
FROM pg_catalog.pg_partitioned_table p
JOIN pg_catalog.pg_inherits i ON i.inhparent = p.partrelid
JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE p.partrelid = ANY ($1::oid[]) AND c.relpartbound IS NOT NULL;
