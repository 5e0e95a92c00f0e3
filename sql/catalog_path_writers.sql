-- SPDX-License-Identifier: Apache-2.0
-- The schemas of a search_path in which somebody else may create things, and who: what they put there may be taken for a function,
-- an operator or a table of the same name elsewhere. Not told: superusers and the owner of the database; of a schema its owner,
-- unless the work is done as a superuser, whose rights the owner would get.
-- $1 text: the search_path, as SET takes it; $2 text: the role that does the work, null: the current one.
WITH path AS MATERIALIZED (SELECT pg_catalog.set_config('search_path', $1::text, true) AS said)
SELECT n.nspname AS schema, pg_catalog.string_agg(coalesce(r.rolname::text, 'PUBLIC'), ', ' ORDER BY r.rolname) AS writers
  FROM path
 CROSS JOIN LATERAL pg_catalog.unnest(CASE WHEN path.said IS NOT NULL THEN pg_catalog.current_schemas(false) END)
      WITH ORDINALITY AS s (name, position)
  JOIN pg_catalog.pg_namespace n ON n.nspname = s.name
  JOIN pg_catalog.pg_roles w ON w.rolname = coalesce($2::name, current_user)
 CROSS JOIN LATERAL pg_catalog.aclexplode(coalesce(n.nspacl, pg_catalog.acldefault('n', n.nspowner))) a
  LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.grantee
 WHERE a.privilege_type = 'CREATE' AND a.grantee <> w.oid
   AND NOT coalesce(r.rolsuper OR r.rolname = 'pg_database_owner', false)
   AND a.grantee <> (SELECT d.datdba FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())
   AND (a.grantee <> n.nspowner OR w.rolsuper)
 GROUP BY s.position, n.nspname
 ORDER BY s.position;
