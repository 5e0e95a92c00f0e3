-- SPDX-License-Identifier: Apache-2.0
-- Whether who is not logged in (anon) may ask pg_graphql, through the function that an API exposes, what tables and columns there are.
SELECT pg_catalog.format('%I.%I(%s)', n.nspname, p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid)) AS object,
       pg_catalog.format('%s may call it, and see the names, columns and relations of %s tables and views', r.rolname, t.tables) AS message,
       t.tables::float8 AS value,
       pg_catalog.format('REVOKE EXECUTE ON FUNCTION %I.%I(%s) FROM PUBLIC, %I', n.nspname, p.proname,
                         pg_catalog.pg_get_function_identity_arguments(p.oid), r.rolname) AS fix,
       NULL::text AS severity, NULL::text AS needs
FROM pg_catalog.pg_proc p
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
JOIN pg_catalog.pg_roles r ON r.rolname = 'anon' AND pg_catalog.has_schema_privilege(r.oid, n.oid, 'USAGE')
                          AND pg_catalog.has_function_privilege(r.oid, p.oid, 'EXECUTE')
CROSS JOIN LATERAL (
    SELECT pg_catalog.count(*) AS tables
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace s ON s.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND s.nspname <> ALL (ARRAY['pgtend', 'information_schema']) AND s.nspname NOT LIKE 'pg\_%'
      AND pg_catalog.has_schema_privilege(r.oid, s.oid, 'USAGE') AND pg_catalog.has_any_column_privilege(r.oid, c.oid, 'SELECT')) t
WHERE n.nspname = 'graphql_public' AND p.proname = 'graphql' AND t.tables > 0;
