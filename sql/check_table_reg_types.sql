-- SPDX-License-Identifier: Apache-2.0
-- Columns of types that stand for objects by a number which a new major version gives anew: pg_upgrade refuses the whole server for one
-- of them, also within an array, a domain or a composite type. (regclass, regrole and regtype it can carry over.)
WITH RECURSIVE kind AS (
    SELECT t.oid, t.typname AS name FROM pg_catalog.pg_type t
    WHERE t.typnamespace = 'pg_catalog'::regnamespace
      AND t.typname IN ('regcollation', 'regconfig', 'regdictionary', 'regnamespace', 'regoper', 'regoperator', 'regproc', 'regprocedure')
    UNION
    SELECT m.oid, k.name
    FROM kind k
    JOIN (SELECT t.oid, CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.typelem END FROM pg_catalog.pg_type t
          WHERE t.typtype = 'd' OR t.typelem <> 0 AND t.typlen = -1
          UNION ALL
          SELECT c.reltype, a.atttypid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
          WHERE c.relkind = 'c' AND NOT a.attisdropped) AS m (oid, made_of) ON m.made_of = k.oid
)
SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS object,
       pg_catalog.format('its column %I is of type %s, with which pg_upgrade refuses the server', a.attname, k.name) AS message,
       NULL::float8 AS value,
       CASE WHEN c.relkind IN ('r', 'p') AND NOT c.relispartition AND t.typtype = 'b' AND t.typelem = 0
            THEN pg_catalog.format('ALTER TABLE %I.%I ALTER COLUMN %I TYPE text', n.nspname, c.relname, a.attname) END AS fix,
       NULL::text AS severity, NULL::text AS needs
FROM kind k
JOIN pg_catalog.pg_attribute a ON a.atttypid = k.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'm') AND NOT c.relispartition AND c.relpersistence <> 't'
  AND n.nspname <> ALL (ARRAY['pgtend', 'information_schema']) AND n.nspname NOT LIKE 'pg\_%'
ORDER BY 1, 2;
