-- SPDX-License-Identifier: Apache-2.0
-- The valid btree indexes of some tables, one row for each key column that rows can be walked by: a plain column of a
-- type whose text form can be given back to the server and means the same value.
-- $1 oid[]: the tables
SELECT i.indrelid AS leaf, ic.relname AS index, a.attname AS "column", pg_catalog.concat('pg_catalog.', t.typname) AS type,
       a.attnotnull AS not_null
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class ic ON ic.oid = i.indexrelid
JOIN pg_catalog.pg_am am ON am.oid = ic.relam AND am.amname = 'btree'
CROSS JOIN LATERAL pg_catalog.unnest(i.indkey::int2[]) WITH ORDINALITY AS key (attnum, position)
JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = key.attnum
JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
WHERE i.indrelid = ANY ($1::oid[]) AND i.indisvalid AND key.position <= i.indnkeyatts
  AND a.atttypid IN ('int2'::pg_catalog.regtype, 'int4'::pg_catalog.regtype, 'int8'::pg_catalog.regtype,
                     'numeric'::pg_catalog.regtype, 'date'::pg_catalog.regtype, 'timestamp'::pg_catalog.regtype,
                     'timestamptz'::pg_catalog.regtype, 'uuid'::pg_catalog.regtype, 'text'::pg_catalog.regtype,
                     'varchar'::pg_catalog.regtype)
ORDER BY i.indrelid, ic.relname, key.position;
