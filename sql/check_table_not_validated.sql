-- SPDX-License-Identifier: Apache-2.0
-- Constraints that new rows have to satisfy, and old ones may not. Those that are inherited are told of the table that has them.
SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS object,
       pg_catalog.format('%I is NOT VALID: rows from before may break it', k.conname) AS message, NULL::float8 AS value,
       pg_catalog.format('ALTER TABLE %I.%I VALIDATE CONSTRAINT %I', n.nspname, c.relname, k.conname) AS fix,
       NULL::text AS severity, NULL::text AS needs
FROM pg_catalog.pg_constraint k
JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE NOT k.convalidated AND k.contype IN ('c', 'f', 'n') AND k.conislocal
  AND coalesce((pg_catalog.to_jsonb(k) ->> 'conenforced')::bool, true) -- 18 and later
  AND n.nspname <> ALL (ARRAY['pgtend', 'information_schema']) AND n.nspname NOT LIKE 'pg\_%'
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                  WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.objsubid = 0 AND d.deptype = 'e')
ORDER BY 1, 2;
