-- SPDX-License-Identifier: Apache-2.0
-- Tables with row level security and no policy: nobody but their owner sees a row. Partitions are left out, which one reaches through
-- their parent.
SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS object,
       'row level security without a policy: nobody but its owner sees a row' AS message,
       NULL::float8 AS value, NULL::text AS fix, NULL::text AS severity, NULL::text AS needs
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relrowsecurity AND NOT c.relispartition AND c.relpersistence <> 't'
  AND n.nspname <> ALL (ARRAY['pgtend', 'information_schema']) AND n.nspname NOT LIKE 'pg\_%'
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_policy p WHERE p.polrelid = c.oid)
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                  WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.objsubid = 0 AND d.deptype = 'e')
ORDER BY 1;
