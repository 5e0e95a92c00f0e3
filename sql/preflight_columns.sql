-- SPDX-License-Identifier: Apache-2.0
-- The columns of a table, and what decides whether a value may be put into them.
-- $1 oid: the table
-- base_type: behind domains, without a length. stored_type: the same with its length or precision and its collation, as what a value
-- is cast to. is_enum: it is one. partition_key: of it, or of a partitioned table below it. plain: only the
-- server's own code looks at a value, also at the elements of an array (not so for types of extensions, and for domains whose CHECK calls
-- functions of users: domain_calls).
WITH RECURSIVE tree AS (
    SELECT $1::oid AS oid
    UNION
    SELECT i.inhrelid FROM tree t JOIN pg_catalog.pg_inherits i ON i.inhparent = t.oid
),
keys AS (
    SELECT k.attname
    FROM tree t
    JOIN pg_catalog.pg_partitioned_table p ON p.partrelid = t.oid
    JOIN pg_catalog.pg_attribute k ON k.attrelid = t.oid AND k.attnum = ANY (p.partattrs::int2[]) AND k.attnum > 0
)
SELECT a.attname AS name, pg_catalog.format_type(a.atttypid, a.atttypmod) AS type,
       pg_catalog.format_type(b.base, -1) AS base_type,
       pg_catalog.concat(
           pg_catalog.format_type(b.base, CASE WHEN a.atttypid = b.base THEN a.atttypmod ELSE b.typmod END),
           (SELECT pg_catalog.format(' COLLATE %I.%I', s.nspname, l.collname)
            FROM pg_catalog.pg_collation l
            JOIN pg_catalog.pg_namespace s ON s.oid = l.collnamespace
            JOIN pg_catalog.pg_type t ON t.oid = b.base
            WHERE l.oid = a.attcollation AND a.attcollation <> t.typcollation)) AS stored_type, b.is_enum, a.attnotnull AS not_null, b.not_null AS domain_not_null,
       a.atthasdef OR a.attidentity <> '' OR EXISTS (
           SELECT FROM pg_catalog.pg_type t WHERE t.oid = a.atttypid AND t.typdefault IS NOT NULL) AS has_default, a.attname IN (SELECT attname FROM keys) AS partition_key,
       i.plain AND NOT i.calls AS plain, i.calls AS domain_calls
FROM pg_catalog.pg_attribute a
CROSS JOIN LATERAL (
    WITH RECURSIVE behind AS (
        SELECT t.oid, t.typtype, t.typbasetype, t.typtypmod, t.typnotnull FROM pg_catalog.pg_type t WHERE t.oid = a.atttypid
        UNION
        SELECT t.oid, t.typtype, t.typbasetype, t.typtypmod, t.typnotnull
        FROM behind d JOIN pg_catalog.pg_type t ON t.oid = d.typbasetype
        WHERE d.typtype = 'd'
    )
    SELECT pg_catalog.max(d.oid::int8) FILTER (WHERE d.typtype <> 'd')::oid AS base,
           pg_catalog.max(d.typtypmod) FILTER (WHERE d.typtype = 'd') AS typmod,
           pg_catalog.bool_or(d.typtype = 'e') AS is_enum, pg_catalog.bool_or(d.typtype = 'd' AND d.typnotnull) AS not_null
    FROM behind d
) b
CROSS JOIN LATERAL (
    WITH RECURSIVE inside AS (
        SELECT a.atttypid AS oid
        UNION
        SELECT CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.typelem END
        FROM inside s JOIN pg_catalog.pg_type t ON t.oid = s.oid
        WHERE t.typtype = 'd' OR t.typsubscript = 'pg_catalog.array_subscript_handler'::regproc
    )
    SELECT pg_catalog.bool_and(t.oid < 16384 OR t.typtype IN ('d', 'e')
                               OR t.typsubscript = 'pg_catalog.array_subscript_handler'::regproc) AS plain,
           pg_catalog.bool_or(EXISTS (
               SELECT FROM pg_catalog.pg_constraint k
               JOIN pg_catalog.pg_depend p ON p.classid = 'pg_catalog.pg_constraint'::regclass AND p.objid = k.oid
               WHERE k.contypid = t.oid AND p.deptype = 'n'
                 AND p.refclassid IN ('pg_catalog.pg_proc'::regclass, 'pg_catalog.pg_operator'::regclass,
                                      'pg_catalog.pg_type'::regclass))) AS calls
    FROM inside s JOIN pg_catalog.pg_type t ON t.oid = s.oid
) i
WHERE a.attrelid = $1::oid AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum;
