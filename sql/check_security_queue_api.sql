-- SPDX-License-Identifier: Apache-2.0
-- Message queues of pgmq (q_NAME, and their archives a_NAME) that the roles of an API (anon, authenticated) may use, all messages of
-- them, because row level security is off. They may belong to the extension, so security.rls_off does not look at them.
SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS object,
       pg_catalog.format('row level security is off, and %s may use its messages',
                         pg_catalog.string_agg(r.rolname, ', ' ORDER BY r.rolname)) AS message,
       NULL::float8 AS value,
       pg_catalog.format('ALTER TABLE %I.%I ENABLE ROW LEVEL SECURITY', n.nspname, c.relname) AS fix,
       NULL::text AS severity, NULL::text AS needs
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_roles r ON r.rolname IN ('anon', 'authenticated') AND pg_catalog.has_schema_privilege(r.oid, n.oid, 'USAGE')
WHERE n.nspname = 'pgmq' AND c.relname ~ '^[aq]_' AND c.relkind IN ('r', 'p') AND NOT c.relrowsecurity
  AND (pg_catalog.has_table_privilege(r.oid, c.oid, 'SELECT, INSERT, UPDATE, DELETE')
       OR pg_catalog.has_any_column_privilege(r.oid, c.oid, 'SELECT, INSERT, UPDATE'))
GROUP BY n.nspname, c.relname
ORDER BY 1;
