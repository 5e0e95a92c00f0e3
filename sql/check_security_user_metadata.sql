-- SPDX-License-Identifier: Apache-2.0
-- Policies that believe what the user says of himself: user_metadata of the token (raw_user_meta_data in Supabase's auth.users) may be
-- changed by its user; app_metadata may not.
SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS object,
       pg_catalog.format('its policy %I reads user_metadata, which each user may change for himself', p.polname) AS message,
       NULL::float8 AS value,
       pg_catalog.format('ALTER POLICY %I ON %I.%I%s%s', p.polname, n.nspname, c.relname,
                         ' USING (' || pg_catalog.replace(pg_catalog.replace(e.filter, 'raw_user_meta_data', 'raw_app_meta_data'),
                                                          'user_metadata', 'app_metadata') || ')',
                         ' WITH CHECK (' || pg_catalog.replace(pg_catalog.replace(e.guard, 'raw_user_meta_data', 'raw_app_meta_data'),
                                                               'user_metadata', 'app_metadata') || ')') AS fix,
       NULL::text AS severity, NULL::text AS needs
FROM pg_catalog.pg_policy p
JOIN pg_catalog.pg_class c ON c.oid = p.polrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (SELECT pg_catalog.pg_get_expr(p.polqual, p.polrelid), pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid)) AS e (filter, guard)
CROSS JOIN LATERAL (SELECT pg_catalog.concat_ws(' ', e.filter, e.guard)) AS w (words)
WHERE c.relrowsecurity
  AND (w.words ~* 'jwt' AND w.words ~ '\muser_metadata\M' OR w.words ~ '\mraw_user_meta_data\M')
  AND n.nspname <> ALL (ARRAY['pgtend', 'information_schema']) AND n.nspname NOT LIKE 'pg\_%'
ORDER BY 1, 2;
