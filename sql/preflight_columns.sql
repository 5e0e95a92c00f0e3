-- SPDX-License-Identifier: Apache-2.0
-- The columns of a table, and what decides whether a value may be put into them.
-- $1 oid: the table
-- base_type: behind domains, without a length. partition_key: of it, or of a partitioned table below it. plain: only the
-- server's own code looks at a value (not so for types of extensions, and for domains whose CHECK calls functions of users: domain_calls).
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
       pg_catalog.format_type(b.base, -1) AS base_type, b.is_enum, a.attnotnull AS not_null, b.not_null AS domain_not_null,
       a.atthasdef OR a.attidentity <> '' AS has_default, a.attname IN (SELECT attname FROM keys) AS partition_key,
       (b.base < 16384 OR b.is_enum) AND NOT b.calls AS plain, b.calls AS domain_calls
FROM pg_catalog.pg_attribute a
CROSS JOIN LATERAL (
    WITH RECURSIVE behind AS (
        SELECT t.oid, t.typtype, t.typbasetype, t.typnotnull FROM pg_catalog.pg_type t WHERE t.oid = a.atttypid
        UNION
        SELECT t.oid, t.typtype, t.typbasetype, t.typnotnull
        FROM behind d JOIN pg_catalog.pg_type t ON t.oid = d.typbasetype
        WHERE d.typtype = 'd'
    )
    SELECT pg_catalog.max(d.oid::int8) FILTER (WHERE d.typtype <> 'd')::oid AS base,
           pg_catalog.bool_or(d.typtype = 'e') AS is_enum, pg_catalog.bool_or(d.typtype = 'd' AND d.typnotnull) AS not_null,
           EXISTS (SELECT FROM behind d
                   JOIN pg_catalog.pg_constraint k ON k.contypid = d.oid
                   JOIN pg_catalog.pg_depend p ON p.classid = 'pg_catalog.pg_constraint'::regclass AND p.objid = k.oid
                   WHERE p.deptype = 'n' AND p.refclassid IN ('pg_catalog.pg_proc'::regclass,
                                                              'pg_catalog.pg_operator'::regclass,
                                                              'pg_catalog.pg_type'::regclass)) AS calls
    FROM behind d
) b
WHERE a.attrelid = $1::oid AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum;
