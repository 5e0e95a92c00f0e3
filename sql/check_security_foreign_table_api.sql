-- SPDX-License-Identifier: Apache-2.0
-- Foreign tables that the roles of an API (anon, authenticated: PostgREST, Supabase) may read or write: they have no row level security,
-- and the other server sees whom the user mapping names.
SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS object,
       pg_catalog.format('%s may reach it, and no policy can hide a row',
                         pg_catalog.string_agg(r.rolname, ', ' ORDER BY r.rolname)) AS message,
       NULL::float8 AS value,
       pg_catalog.format('REVOKE ALL ON %I.%I FROM PUBLIC, %s', n.nspname, c.relname,
                         pg_catalog.string_agg(pg_catalog.quote_ident(r.rolname), ', ' ORDER BY r.rolname)) AS fix,
       NULL::text AS severity, NULL::text AS needs
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_roles r ON r.rolname IN ('anon', 'authenticated') AND pg_catalog.has_schema_privilege(r.oid, n.oid, 'USAGE')
WHERE c.relkind = 'f'
  AND (pg_catalog.has_table_privilege(r.oid, c.oid, 'SELECT, INSERT, UPDATE, DELETE')
       OR pg_catalog.has_any_column_privilege(r.oid, c.oid, 'SELECT, INSERT, UPDATE'))
  AND n.nspname <> ALL (ARRAY['pgtend', 'information_schema']) AND n.nspname NOT LIKE 'pg\_%'
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                  WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.objsubid = 0 AND d.deptype = 'e')
GROUP BY n.nspname, c.relname
ORDER BY 1;
