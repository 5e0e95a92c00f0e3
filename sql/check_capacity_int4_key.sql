-- SPDX-License-Identifier: Apache-2.0
-- Columns of type int4 or int2 that a sequence fills and that come to their end, also when the sequence itself goes on. A column is told
-- where it is declared, not in partitions and children.
-- $1, $2: percent of the type's largest number that are a warning, an error.
WITH filled AS MATERIALIZED (
    -- serial and identity columns, whose sequence belongs to them
    SELECT d.objid AS sequence, d.refobjid AS relation, d.refobjsubid AS attnum
    FROM pg_catalog.pg_depend d
    WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.refclassid = 'pg_catalog.pg_class'::regclass
      AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0 AND d.objid IN (SELECT s.seqrelid FROM pg_catalog.pg_sequence s)
    UNION
    -- defaults that call nextval() of any
    SELECT d.refobjid, a.adrelid, a.adnum
    FROM pg_catalog.pg_attrdef a
    JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_attrdef'::regclass AND d.objid = a.oid
                               AND d.refclassid = 'pg_catalog.pg_class'::regclass
),
key AS MATERIALIZED (
    SELECT n.nspname, c.relname, a.attname, CASE WHEN a.atttypid = 'pg_catalog.int4'::regtype THEN 2147483647 ELSE 32767 END AS most,
           pg_catalog.has_sequence_privilege(s.oid, 'SELECT, USAGE') AS seen,
           CASE WHEN pg_catalog.has_sequence_privilege(s.oid, 'SELECT, USAGE') THEN pg_catalog.pg_sequence_last_value(s.oid) END AS last
    FROM filled f
    JOIN pg_catalog.pg_class s ON s.oid = f.sequence AND s.relkind = 'S' AND s.relpersistence <> 't'
    JOIN pg_catalog.pg_attribute a ON a.attrelid = f.relation AND a.attnum = f.attnum
    JOIN pg_catalog.pg_class c ON c.oid = f.relation
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE a.atttypid IN ('pg_catalog.int4'::regtype, 'pg_catalog.int2'::regtype) AND a.attinhcount = 0 AND NOT a.attisdropped
      AND c.relkind IN ('r', 'p', 'f') AND NOT c.relispartition
      AND n.nspname <> ALL (ARRAY['pgtend', 'information_schema']) AND n.nspname NOT LIKE 'pg\_%'
      AND c.oid NOT IN (SELECT d.objid FROM pg_catalog.pg_depend d
                        WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.deptype = 'e')
)
SELECT pg_catalog.format('%I.%I.%I', k.nspname, k.relname, k.attname) AS object,
       pg_catalog.format('its sequence is at %s of the %s that the column can hold (%s %%)',
                         pg_catalog.to_char(k.last, 'FM9,999,999,999,999,999,999'),
                         pg_catalog.to_char(k.most, 'FM9,999,999,999'), pg_catalog.round(100 * k.last::numeric / k.most, 1)) AS message,
       100 * k.last::float8 / k.most AS value, NULL::text AS fix,
       CASE WHEN 100 * k.last::float8 / k.most >= $2::float8 THEN 'error' ELSE 'warning' END AS severity, NULL::text AS needs
FROM key k
WHERE 100 * k.last::float8 / k.most >= least($1::float8, $2::float8)
UNION ALL
SELECT 'sequences', pg_catalog.format('%s cannot be read', pg_catalog.count(*)), NULL, NULL, NULL,
       pg_catalog.format('SELECT or USAGE on the sequences of %s columns, such as %s', pg_catalog.count(*),
                         pg_catalog.min(pg_catalog.format('%I.%I.%I', k.nspname, k.relname, k.attname)))
FROM key k
WHERE NOT k.seen
HAVING pg_catalog.count(*) > 0
ORDER BY 3 DESC NULLS LAST, 1;
