-- SPDX-License-Identifier: Apache-2.0
-- Partitions, at any depth, without the row level security that a table above them has, be it the asked one, one between or one above
-- it: as when they are made. Those whose detach did not end are none any more, and foreign tables cannot have it.
-- $1 text[]: schemas; $2 text[]: names of partitioned tables in them; $3 text: the role that will do the work, NULL for the session's own
WITH RECURSIVE asked AS MATERIALIZED (
    SELECT DISTINCT c.oid
    FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[])) AS a (schema, name)
    JOIN pg_catalog.pg_namespace n ON n.nspname = a.schema
    JOIN pg_catalog.pg_class c ON c.relname = a.name::pg_catalog.name AND c.relnamespace = n.oid
    WHERE c.relkind = 'p'
), protects AS MATERIALIZED (
    SELECT c.oid, c.relforcerowsecurity AS force FROM pg_catalog.pg_class c WHERE c.relkind = 'p' AND c.relrowsecurity
), up (start, oid) AS (
    SELECT s.oid, s.oid FROM (SELECT asked.oid FROM asked UNION SELECT protects.oid FROM protects) s
    UNION
    SELECT up.start, i.inhparent FROM up JOIN pg_catalog.pg_inherits i ON i.inhrelid = up.oid AND NOT i.inhdetachpending
), down (protector, oid) AS (
    SELECT p.oid, p.oid
    FROM protects p
    WHERE EXISTS (SELECT FROM up JOIN asked ON asked.oid = up.oid WHERE up.start = p.oid)
       OR EXISTS (SELECT FROM up JOIN asked ON asked.oid = up.start WHERE up.oid = p.oid)
    UNION
    SELECT down.protector, i.inhrelid
    FROM down
    JOIN pg_catalog.pg_inherits i ON i.inhparent = down.oid AND NOT i.inhdetachpending
    JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid AND c.relispartition
), lacking AS MATERIALIZED (
    SELECT c.oid, pg_catalog.bool_or(p.force) AS force, (pg_catalog.array_agg(p.oid ORDER BY p.force DESC, p.oid))[1] AS protector
    FROM down
    JOIN protects p ON p.oid = down.protector
    JOIN pg_catalog.pg_class c ON c.oid = down.oid
    WHERE c.relkind IN ('r', 'p') AND (NOT c.relrowsecurity OR p.force AND NOT c.relforcerowsecurity)
    GROUP BY c.oid
), above (start, oid, depth) AS (
    SELECT lacking.oid, lacking.oid, 0 FROM lacking
    UNION
    SELECT above.start, i.inhparent, above.depth + 1
    FROM above
    JOIN pg_catalog.pg_inherits i ON i.inhrelid = above.oid AND NOT i.inhdetachpending
), covered AS MATERIALIZED (
    -- A table that is asked for may be a partition of another one: the upmost is told.
    SELECT lacking.oid, lacking.force, lacking.protector, (pg_catalog.array_agg(above.oid ORDER BY above.depth DESC))[1] AS root
    FROM lacking
    JOIN above ON above.start = lacking.oid AND above.depth > 0
    JOIN asked ON asked.oid = above.oid
    GROUP BY lacking.oid, lacking.force, lacking.protector
)
SELECT c.oid, rn.nspname AS root_schema, r.relname AS root_name, n.nspname AS schema, c.relname AS name,
       pn.nspname AS protector_schema, p.relname AS protector_name,
       NOT c.relrowsecurity AS enable, covered.force AND NOT c.relforcerowsecurity AS force,
       pg_catalog.pg_has_role(worker.oid, c.relowner, 'USAGE') AS may,
       owner.rolname AS owner, owner.rolsuper AS owner_is_superuser, worker.rolname AS role
FROM covered
JOIN pg_catalog.pg_class c ON c.oid = covered.oid
JOIN pg_catalog.pg_class r ON r.oid = covered.root
JOIN pg_catalog.pg_namespace rn ON rn.oid = r.relnamespace
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_class p ON p.oid = covered.protector
JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace
JOIN pg_catalog.pg_roles owner ON owner.oid = c.relowner
JOIN pg_catalog.pg_roles worker ON worker.rolname = coalesce($3::name, current_user)
ORDER BY rn.nspname, r.relname, n.nspname, c.relname;
