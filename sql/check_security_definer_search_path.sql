-- SPDX-License-Identifier: Apache-2.0
-- Functions that run with their owner's rights and look up names where the caller says.
SELECT pg_catalog.format('%I.%I(%s)', n.nspname, p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid)) AS object,
       pg_catalog.format('SECURITY DEFINER as %s, and its search_path is the caller''s', pg_catalog.pg_get_userbyid(p.proowner)) AS message,
       NULL::float8 AS value,
       pg_catalog.format('ALTER ROUTINE %I.%I(%s) SET search_path = %s', n.nspname, p.proname,
                         pg_catalog.pg_get_function_identity_arguments(p.oid),
                         pg_catalog.format('pg_catalog, %I, pg_temp', n.nspname)) AS fix,
       NULL::text AS severity, NULL::text AS needs
FROM pg_catalog.pg_proc p
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
WHERE p.prosecdef
  AND n.nspname <> ALL (ARRAY['pgtend', 'information_schema']) AND n.nspname NOT LIKE 'pg\_%'
  AND NOT EXISTS (SELECT FROM pg_catalog.unnest(p.proconfig) c WHERE c LIKE 'search\_path=%')
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                  WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
ORDER BY 1;
