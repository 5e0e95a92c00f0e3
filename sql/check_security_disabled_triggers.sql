-- SPDX-License-Identifier: Apache-2.0
-- Triggers that are disabled, among them those by which a foreign key is enforced. What a partition has of its parent's is told once.
SELECT pg_catalog.format('%I.%I: %I', n.nspname, c.relname, coalesce(k.conname, t.tgname)) AS object,
       CASE WHEN k.oid IS NULL THEN 'trigger is disabled'
            ELSE pg_catalog.format('foreign key is not enforced: trigger %I is disabled', t.tgname) END AS message,
       NULL::float8 AS value,
       pg_catalog.format('ALTER TABLE %I.%I ENABLE TRIGGER %I', n.nspname, c.relname, t.tgname) AS fix,
       NULL::text AS severity, NULL::text AS needs
FROM pg_catalog.pg_trigger t
JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_constraint k ON k.oid = t.tgconstraint AND t.tgisinternal
WHERE t.tgenabled = 'D' AND c.relpersistence <> 't'
  AND n.nspname <> ALL (ARRAY['pgtend', 'information_schema']) AND n.nspname NOT LIKE 'pg\_%'
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_trigger p WHERE p.oid = t.tgparentid AND p.tgenabled = 'D')
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                  WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.objsubid = 0 AND d.deptype = 'e')
ORDER BY 1, 2;
