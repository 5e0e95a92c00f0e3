-- SPDX-License-Identifier: Apache-2.0
-- Very large tables that are not partitioned though they have a column with a time. Sizes are as of the last VACUUM or ANALYZE, with TOAST
-- and without indexes.
-- $1: GB that it takes.
WITH large AS MATERIALIZED (
    SELECT c.oid, c.relname, c.relnamespace, z.bytes
    FROM pg_catalog.pg_class c
    LEFT JOIN pg_catalog.pg_class t ON t.oid = c.reltoastrelid
    CROSS JOIN LATERAL (SELECT (c.relpages + coalesce(t.relpages, 0)) * pg_catalog.current_setting('block_size')::float8) AS z (bytes)
    WHERE c.relkind = 'r' AND NOT c.relispartition AND c.relpersistence <> 't' AND z.bytes / 1073741824 > $1::float8
)
SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS object,
       pg_catalog.format('%s, not partitioned, with the time in %s', pg_catalog.pg_size_pretty(c.bytes::bigint), k.names) AS message,
       c.bytes / 1073741824 AS value, NULL::text AS fix, NULL::text AS severity, NULL::text AS needs
FROM large c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY a.attnum)
                    FROM pg_catalog.pg_attribute a
                    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                      AND a.atttypid IN ('pg_catalog.timestamptz'::regtype, 'pg_catalog.timestamp'::regtype,
                                         'pg_catalog.date'::regtype)) AS k (names)
WHERE k.names IS NOT NULL
  AND n.nspname <> ALL (ARRAY['pgtend', 'information_schema']) AND n.nspname NOT LIKE 'pg\_%'
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                  WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.objsubid = 0 AND d.deptype = 'e')
ORDER BY 3 DESC, 1;
