-- SPDX-License-Identifier: Apache-2.0
-- The tables that hold the rows of some tables: the table itself, or those below a partitioned or inherited one.
-- $1 oid[]: the tables
-- detaching: it, or something above it, waits for ALTER TABLE ... DETACH PARTITION ... FINALIZE.
WITH RECURSIVE tree AS (
    SELECT root, root AS oid, false AS detaching
    FROM pg_catalog.unnest($1::oid[]) AS asked (root)
    UNION
    SELECT t.root, i.inhrelid, t.detaching OR i.inhdetachpending
    FROM tree t
    JOIN pg_catalog.pg_inherits i ON i.inhparent = t.oid
)
SELECT t.root, t.oid, n.nspname AS schema, c.relname AS name, c.relkind = 'f' AS "foreign", t.detaching
FROM tree t
JOIN pg_catalog.pg_class c ON c.oid = t.oid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'f')
ORDER BY t.root, n.nspname, c.relname;
