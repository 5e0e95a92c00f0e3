-- SPDX-License-Identifier: Apache-2.0
-- These tables and all partitions below them. A partition whose DETACH ... CONCURRENTLY did not end is none any more.
-- $1 oid[]: tables; $2 text: the role that will do the work, NULL for the session's own
WITH RECURSIVE tree (oid) AS (
    SELECT pg_catalog.unnest($1::oid[])
    UNION
    SELECT i.inhrelid FROM tree JOIN pg_catalog.pg_inherits i ON i.inhparent = tree.oid AND NOT i.inhdetachpending
    JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid AND c.relispartition
)
SELECT c.oid, n.nspname AS schema, c.relname AS name, c.relkind AS kind, c.relpersistence = 't' AS temporary,
       (SELECT i.inhparent FROM pg_catalog.pg_inherits i WHERE i.inhrelid = c.oid AND c.relispartition AND NOT i.inhdetachpending) AS parent,
       pg_catalog.pg_has_role(worker.oid, c.relowner, 'USAGE') AS may,
       pg_catalog.has_schema_privilege(worker.oid, n.oid, 'CREATE') AS may_create,
       owner.rolname AS owner, owner.rolsuper AS owner_is_superuser, worker.rolname AS role
FROM tree
JOIN pg_catalog.pg_class c ON c.oid = tree.oid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_roles owner ON owner.oid = c.relowner
JOIN pg_catalog.pg_roles worker ON worker.rolname = coalesce($2::name, current_user)
ORDER BY n.nspname, c.relname;
