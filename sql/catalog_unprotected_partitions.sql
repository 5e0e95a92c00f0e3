-- SPDX-License-Identifier: Apache-2.0
-- Partitions, at any depth, without the row level security of their table. Those whose detach did not end are none any more, and
-- foreign tables cannot have it.
-- $1 text[]: schemas; $2 text[]: names of partitioned tables in them; $3 text: the role that will do the work, NULL for the session's own
WITH RECURSIVE tree (root, oid) AS (
    SELECT c.oid, c.oid
    FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[])) AS asked (schema, name)
    JOIN pg_catalog.pg_namespace n ON n.nspname = asked.schema
    JOIN pg_catalog.pg_class c ON c.relname = asked.name::pg_catalog.name AND c.relnamespace = n.oid
    WHERE c.relkind = 'p' AND c.relrowsecurity
    UNION
    SELECT tree.root, i.inhrelid
    FROM tree
    JOIN pg_catalog.pg_inherits i ON i.inhparent = tree.oid AND NOT i.inhdetachpending
    JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid AND c.relispartition
), roots AS MATERIALIZED (
    -- A table that is asked for may be a partition of another one: how many are above it.
    SELECT asked.root, pg_catalog.count(*) AS depth
    FROM (SELECT DISTINCT tree.root FROM tree) asked
    JOIN tree ON tree.oid = asked.root
    GROUP BY asked.root
), covered AS MATERIALIZED (
    SELECT tree.oid, (pg_catalog.array_agg(tree.root ORDER BY roots.depth))[1] AS root, pg_catalog.bool_or(r.relforcerowsecurity) AS force
    FROM tree
    JOIN roots ON roots.root = tree.root
    JOIN pg_catalog.pg_class r ON r.oid = tree.root
    GROUP BY tree.oid
)
SELECT c.oid, rn.nspname AS root_schema, r.relname AS root_name, n.nspname AS schema, c.relname AS name,
       NOT c.relrowsecurity AS enable, covered.force AND NOT c.relforcerowsecurity AS force,
       pg_catalog.pg_has_role(worker.oid, c.relowner, 'USAGE') AS may,
       owner.rolname AS owner, owner.rolsuper AS owner_is_superuser, worker.rolname AS role
FROM covered
JOIN pg_catalog.pg_class c ON c.oid = covered.oid
JOIN pg_catalog.pg_class r ON r.oid = covered.root
JOIN pg_catalog.pg_namespace rn ON rn.oid = r.relnamespace
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_roles owner ON owner.oid = c.relowner
JOIN pg_catalog.pg_roles worker ON worker.rolname = coalesce($3::name, current_user)
WHERE c.relkind IN ('r', 'p') AND (NOT c.relrowsecurity OR covered.force AND NOT c.relforcerowsecurity)
ORDER BY rn.nspname, r.relname, n.nspname, c.relname;
