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
), up (start, oid) AS (
    SELECT asked.oid, asked.oid
    FROM asked
    WHERE EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.relkind = 'p' AND c.relrowsecurity)
    UNION
    SELECT up.start, i.inhparent FROM up JOIN pg_catalog.pg_inherits i ON i.inhrelid = up.oid AND NOT i.inhdetachpending
), roots AS MATERIALIZED (
    SELECT up.start AS oid, pg_catalog.min(c.oid) FILTER (WHERE c.relrowsecurity) AS protector,
           pg_catalog.min(c.oid) FILTER (WHERE c.relrowsecurity AND c.relforcerowsecurity) AS forcer,
           pg_catalog.count(asked.oid) AS depth
    FROM up
    JOIN pg_catalog.pg_class c ON c.oid = up.oid
    LEFT JOIN asked ON asked.oid = up.oid
    GROUP BY up.start
), down AS (
    -- protector, forcer: a table above; under_protector, under_forcer: for what is below, too.
    SELECT r.oid AS root, r.depth, r.oid, 'p'::"char" AS kind, NULL::oid AS protector, NULL::oid AS forcer,
           r.protector AS under_protector, r.forcer AS under_forcer
    FROM roots r
    UNION ALL
    SELECT d.root, d.depth, c.oid, c.relkind, d.under_protector, d.under_forcer,
           coalesce(d.under_protector, CASE WHEN c.relrowsecurity THEN c.oid END),
           coalesce(d.under_forcer, CASE WHEN c.relrowsecurity AND c.relforcerowsecurity THEN c.oid END)
    FROM down d
    JOIN pg_catalog.pg_inherits i ON i.inhparent = d.oid AND NOT i.inhdetachpending
    JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid AND c.relispartition
    WHERE d.kind = 'p'
), covered AS MATERIALIZED (
    -- A table that is asked for may be a partition of another one: the upmost is told.
    SELECT DISTINCT ON (d.oid) d.oid, d.root, d.forcer IS NOT NULL AS force,
           CASE WHEN c.relrowsecurity THEN d.forcer ELSE d.protector END AS protector
    FROM down d
    JOIN pg_catalog.pg_class c ON c.oid = d.oid
    WHERE d.protector IS NOT NULL AND d.kind IN ('r', 'p')
      AND (NOT c.relrowsecurity OR d.forcer IS NOT NULL AND NOT c.relforcerowsecurity)
    ORDER BY d.oid, d.depth
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
