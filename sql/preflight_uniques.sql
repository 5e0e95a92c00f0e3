-- SPDX-License-Identifier: Apache-2.0
-- Unique indexes whose keys are all among the columns that every row gets the same value of: the second row is refused.
-- $1 oid[]: the table and those below it that hold its rows; $2 text[]: columns that get a value; $3 text[]: columns that become NULL
SELECT n.nspname AS schema, c.relname AS table, x.relname AS name, pg_catalog.pg_get_expr(i.indpred, i.indrelid) AS predicate,
       ARRAY(SELECT a.attname FROM pg_catalog.pg_attribute a
             WHERE a.attrelid = i.indrelid AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1]) ORDER BY a.attnum) AS columns
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
JOIN pg_catalog.pg_class c ON c.oid = i.indrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE i.indrelid = ANY ($1::oid[]) AND i.indisunique AND i.indisready
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits h JOIN pg_catalog.pg_index p ON p.indexrelid = h.inhparent
                  WHERE h.inhrelid = i.indexrelid AND p.indrelid = ANY ($1::oid[]))
  AND NOT EXISTS (
      SELECT FROM pg_catalog.unnest((i.indkey::int2[])[0:i.indnkeyatts - 1]) AS k (number)
      LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number AND k.number <> 0
      WHERE NOT coalesce(a.attname = ANY ($2::name[])
                         OR (a.attname = ANY ($3::name[]) -- two of these are equal only where that is asked for, from 15 on
                             AND pg_catalog.to_jsonb(i) ->> 'indnullsnotdistinct' = 'true'), false))
ORDER BY n.nspname, c.relname, x.relname;
