-- SPDX-License-Identifier: Apache-2.0
-- How tables are partitioned. (pg_get_partkeydef() would lock them.)
-- $1 oid[]: tables; others than partitioned ones give no row
SELECT p.partrelid AS oid,
       p.partstrat AS strategy,
       -- An expression has attribute number 0 and no row in pg_attribute.
       ARRAY(SELECT coalesce(a.attname::text, '')
             FROM pg_catalog.unnest(p.partattrs::int2[]) WITH ORDINALITY AS k (attnum, position)
             LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = p.partrelid AND a.attnum = k.attnum
             ORDER BY k.position) AS key,
       (SELECT pg_catalog.format_type(CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.oid END, NULL)
        FROM pg_catalog.pg_attribute a
        JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
        WHERE a.attrelid = p.partrelid AND a.attnum = p.partattrs[0] AND a.attnum > 0) AS key_type
FROM pg_catalog.pg_partitioned_table p
WHERE p.partrelid = ANY ($1::oid[]);
