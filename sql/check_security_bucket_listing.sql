-- SPDX-License-Identifier: Apache-2.0
-- Policies on the files of an object storage (storage.objects) that ask for the bucket alone: who is not logged in (anon) lists all of
-- its files. A public bucket serves them without any policy. Other conditions are not judged.
SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS object,
       pg_catalog.format('its policy %I lets anon list every file%s', p.polname,
                         CASE WHEN q.qual = 'true' THEN '' ELSE ' where ' || q.qual END) AS message,
       NULL::float8 AS value,
       pg_catalog.format('DROP POLICY %I ON %I.%I', p.polname, n.nspname, c.relname) AS fix,
       NULL::text AS severity, NULL::text AS needs
FROM pg_catalog.pg_policy p
JOIN pg_catalog.pg_class c ON c.oid = p.polrelid AND c.relname = 'objects' AND c.relrowsecurity
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'storage'
JOIN pg_catalog.pg_roles r ON r.rolname = 'anon' AND (p.polroles @> ARRAY[0::oid] OR p.polroles @> ARRAY[r.oid])
                          AND pg_catalog.has_any_column_privilege(r.oid, c.oid, 'SELECT')
CROSS JOIN LATERAL (SELECT pg_catalog.pg_get_expr(p.polqual, p.polrelid) AS qual) q
WHERE p.polpermissive AND p.polcmd IN ('r', '*') AND (q.qual = 'true' OR q.qual ~ '^\(bucket_id = ''[^'']*''(::text)?\)$')
ORDER BY p.polname;
