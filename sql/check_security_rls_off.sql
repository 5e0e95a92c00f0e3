-- SPDX-License-Identifier: Apache-2.0
-- Tables that the roles of an API (anon, authenticated: PostgREST, Supabase) may read or write, every row of them, because row level
-- security is off. Without such roles there is none.
SELECT pg_catalog.format('%I.%I', f.nspname, f.relname) AS object,
       pg_catalog.format('row level security is off, and %s',
                         pg_catalog.string_agg(pg_catalog.format('%s may %s', f.rolname, f.privileges),
                                               '; ' ORDER BY f.rolname)) AS message,
       NULL::float8 AS value,
       pg_catalog.format('ALTER TABLE %I.%I ENABLE ROW LEVEL SECURITY', f.nspname, f.relname) AS fix,
       NULL::text AS severity, NULL::text AS needs
FROM (SELECT c.oid, n.nspname, c.relname, r.rolname,
             pg_catalog.concat_ws(', ',
                 CASE WHEN pg_catalog.has_any_column_privilege(r.oid, c.oid, 'SELECT') THEN 'select' END,
                 CASE WHEN pg_catalog.has_any_column_privilege(r.oid, c.oid, 'INSERT') THEN 'insert' END,
                 CASE WHEN pg_catalog.has_any_column_privilege(r.oid, c.oid, 'UPDATE') THEN 'update' END,
                 CASE WHEN pg_catalog.has_table_privilege(r.oid, c.oid, 'DELETE') THEN 'delete' END) AS privileges
      FROM pg_catalog.pg_class c
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_catalog.pg_roles r ON r.rolname IN ('anon', 'authenticated') AND pg_catalog.has_schema_privilege(r.oid, n.oid, 'USAGE')
      WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND NOT c.relrowsecurity
        AND NOT (n.nspname = 'pgmq' AND c.relname ~ '^[aq]_') -- queues: see queue_api
        AND n.nspname <> ALL (ARRAY['pgtend', 'information_schema']) AND n.nspname NOT LIKE 'pg\_%'
        AND (pg_catalog.has_table_privilege(r.oid, c.oid, 'SELECT, INSERT, UPDATE, DELETE')
             OR pg_catalog.has_any_column_privilege(r.oid, c.oid, 'SELECT, INSERT, UPDATE'))
        AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                        WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.objsubid = 0 AND d.deptype = 'e')) f
GROUP BY f.oid, f.nspname, f.relname
ORDER BY 1;
