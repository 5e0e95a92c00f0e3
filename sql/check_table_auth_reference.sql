-- SPDX-License-Identifier: Apache-2.0
-- Foreign keys to another key than the primary one of a table in the schema auth that Supabase maintains: it may drop that key.
-- Elsewhere there is no role supabase_auth_admin.
SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS object,
       pg_catalog.format('%I relies on %I of %I.%I, which is not its primary key', k.conname, x.relname, tn.nspname, t.relname) AS message,
       NULL::float8 AS value,
       NULL::text AS fix, NULL::text AS severity, NULL::text AS needs
FROM pg_catalog.pg_constraint k
JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_class t ON t.oid = k.confrelid
JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
JOIN pg_catalog.pg_index i ON i.indexrelid = k.conindid AND NOT i.indisprimary
JOIN pg_catalog.pg_class x ON x.oid = k.conindid
WHERE k.contype = 'f' AND k.conparentid = 0 AND tn.nspname = 'auth' AND n.nspname NOT IN ('auth', 'storage')
  AND pg_catalog.pg_get_userbyid(t.relowner) = 'supabase_auth_admin'
ORDER BY 1, 2;
