-- SPDX-License-Identifier: Apache-2.0
-- Sequences that come to their end, which is an error in every insert. Those that begin again (CYCLE) are left out.
-- $1, $2: percent used that are a warning, an error.
WITH sequence AS MATERIALIZED (
    SELECT n.nspname, c.relname, s.seqmin, s.seqmax, s.seqincrement, s.seqtypid,
           pg_catalog.has_sequence_privilege(c.oid, 'SELECT, USAGE') AS seen,
           CASE WHEN pg_catalog.has_sequence_privilege(c.oid, 'SELECT, USAGE') THEN pg_catalog.pg_sequence_last_value(c.oid) END AS last
    FROM pg_catalog.pg_sequence s
    JOIN pg_catalog.pg_class c ON c.oid = s.seqrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE NOT s.seqcycle AND c.relpersistence <> 't'
      AND n.nspname <> ALL (ARRAY['pgtend', 'information_schema']) AND n.nspname NOT LIKE 'pg\_%'
      AND c.oid NOT IN (SELECT d.objid FROM pg_catalog.pg_depend d
                        WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.deptype = 'e')
),
used AS (
    SELECT s.*, CASE WHEN s.seqincrement > 0 THEN s.last::numeric - s.seqmin ELSE s.seqmax::numeric - s.last END
                * 100 / (s.seqmax::numeric - s.seqmin) AS percent
    FROM sequence s
    WHERE s.seqmax > s.seqmin
)
SELECT pg_catalog.format('%I.%I', u.nspname, u.relname) AS object,
       pg_catalog.format('is at %s, %s %% of its way to %s', u.last, pg_catalog.round(u.percent, 1),
                         CASE WHEN u.seqincrement > 0 THEN u.seqmax ELSE u.seqmin END) AS message,
       u.percent::float8 AS value,
       CASE WHEN u.seqtypid <> 'pg_catalog.int8'::regtype THEN pg_catalog.format('ALTER SEQUENCE %I.%I AS bigint', u.nspname, u.relname)
            WHEN u.seqincrement > 0 AND u.seqmax < 9223372036854775807
            THEN pg_catalog.format('ALTER SEQUENCE %I.%I NO MAXVALUE', u.nspname, u.relname) END AS fix,
       CASE WHEN u.percent >= $2::float8 THEN 'error' ELSE 'warning' END AS severity, NULL::text AS needs
FROM used u
WHERE u.percent >= least($1::float8, $2::float8)
UNION ALL
SELECT 'sequences', pg_catalog.format('%s cannot be read', pg_catalog.count(*)), NULL, NULL, NULL,
       pg_catalog.format('SELECT or USAGE on %s sequences, such as %s', pg_catalog.count(*),
                         pg_catalog.min(pg_catalog.format('%I.%I', s.nspname, s.relname)))
FROM sequence s
WHERE NOT s.seen
HAVING pg_catalog.count(*) > 0
ORDER BY 3 DESC NULLS LAST, 1;
