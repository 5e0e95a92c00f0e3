-- SPDX-License-Identifier: Apache-2.0
-- Indexes, the tables that dropping them locks, and whether the role may.
-- $1 oid[]: indexes; $2 text: the role that will do the work, NULL for the session's own
-- A row for each index and each table: its own first, then those of the indexes attached to it, at any depth.
WITH RECURSIVE tree (root, oid, depth) AS (
    SELECT r, r, 0 FROM pg_catalog.unnest($1::oid[]) r
    UNION ALL
    SELECT tree.root, h.inhrelid, tree.depth + 1 FROM tree JOIN pg_catalog.pg_inherits h ON h.inhparent = tree.oid
)
SELECT tree.root AS oid, i.indrelid AS table_oid, n.nspname AS table_schema, t.relname AS table_name,
       pg_catalog.pg_has_role(worker.oid, t.relowner, 'USAGE') AS may,
       owner.rolname AS owner, owner.rolsuper AS owner_is_superuser, worker.rolname AS role,
       pn.nspname AS parent_schema, pc.relname AS parent_name
FROM tree
JOIN pg_catalog.pg_index i ON i.indexrelid = tree.oid
JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
JOIN pg_catalog.pg_roles owner ON owner.oid = t.relowner
JOIN pg_catalog.pg_roles worker ON worker.rolname = coalesce($2::name, current_user)
LEFT JOIN pg_catalog.pg_inherits h ON h.inhrelid = tree.oid AND tree.depth = 0
LEFT JOIN pg_catalog.pg_class pc ON pc.oid = h.inhparent
LEFT JOIN pg_catalog.pg_namespace pn ON pn.oid = pc.relnamespace
ORDER BY tree.root, tree.depth, n.nspname, t.relname;
