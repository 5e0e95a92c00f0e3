-- SPDX-License-Identifier: Apache-2.0
-- Policies that let everybody, or the roles of an API, write every row: permissive, not for SELECT alone, and their expression is true.
SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS object,
       pg_catalog.format('its policy %I lets %s %s every row', p.polname,
                         CASE WHEN p.polroles = '{0}' THEN 'everybody'
                              ELSE (SELECT pg_catalog.string_agg(r.rolname, ', ' ORDER BY r.rolname)
                                    FROM pg_catalog.pg_roles r WHERE r.oid = ANY (p.polroles)) END,
                         CASE p.polcmd WHEN 'a' THEN 'insert' WHEN 'w' THEN 'update' WHEN 'd' THEN 'delete' ELSE 'read and write' END)
           AS message,
       NULL::float8 AS value, pg_catalog.format('ALTER POLICY %I ON %I.%I ...', p.polname, n.nspname, c.relname) AS fix,
       NULL::text AS severity, NULL::text AS needs
FROM pg_catalog.pg_policy p
JOIN pg_catalog.pg_class c ON c.oid = p.polrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE p.polpermissive AND p.polcmd <> 'r' AND c.relrowsecurity
  AND coalesce(pg_catalog.pg_get_expr(p.polqual, p.polrelid), 'true') = 'true'
  AND coalesce(pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid), 'true') = 'true'
  AND (p.polroles = '{0}' OR EXISTS (SELECT FROM pg_catalog.pg_roles r
                                     WHERE r.oid = ANY (p.polroles) AND r.rolname IN ('anon', 'authenticated')))
  AND n.nspname <> ALL (ARRAY['pgtend', 'information_schema']) AND n.nspname NOT LIKE 'pg\_%'
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                  WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.objsubid = 0 AND d.deptype = 'e')
ORDER BY 1, 2;
