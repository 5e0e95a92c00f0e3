-- SPDX-License-Identifier: Apache-2.0
-- Functions that run with their owner's rights and that the roles of an API (anon, authenticated: PostgREST, Supabase) may call.
-- Trigger functions cannot be called.
SELECT pg_catalog.format('%I.%I(%s)', n.nspname, p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid)) AS object,
       pg_catalog.format('SECURITY DEFINER as %s, and %s may call it', pg_catalog.pg_get_userbyid(p.proowner),
                         pg_catalog.string_agg(r.rolname, ', ' ORDER BY r.rolname)) AS message,
       NULL::float8 AS value,
       pg_catalog.format('REVOKE EXECUTE ON ROUTINE %I.%I(%s) FROM PUBLIC, %s', n.nspname, p.proname,
                         pg_catalog.pg_get_function_identity_arguments(p.oid),
                         pg_catalog.string_agg(pg_catalog.quote_ident(r.rolname), ', ' ORDER BY r.rolname)) AS fix,
       NULL::text AS severity, NULL::text AS needs
FROM pg_catalog.pg_proc p
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
JOIN pg_catalog.pg_roles r ON r.rolname IN ('anon', 'authenticated')
WHERE p.prosecdef AND p.prorettype NOT IN ('pg_catalog.trigger'::regtype, 'pg_catalog.event_trigger'::regtype)
  AND n.nspname <> ALL (ARRAY['pgtend', 'information_schema']) AND n.nspname NOT LIKE 'pg\_%'
  AND pg_catalog.has_schema_privilege(r.oid, n.oid, 'USAGE') AND pg_catalog.has_function_privilege(r.oid, p.oid, 'EXECUTE')
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                  WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
GROUP BY p.oid, n.nspname, p.proname, p.proowner
ORDER BY 1;
