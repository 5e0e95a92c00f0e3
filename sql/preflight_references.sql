-- SPDX-License-Identifier: Apache-2.0
-- Foreign keys that lead to a table, or to those below it.
-- $1 oid[]: the table and those below it that hold its rows
-- indexed: a valid index, without WHERE, begins with the referencing columns. rows: of the referencing table, by the server's
-- estimate or counters.
SELECT n.nspname AS schema, c.relname AS table, k.conname AS name, k.confdeltype AS action,
       ARRAY(SELECT a.attname FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY AS u (number, place)
             JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.number
             ORDER BY u.place) AS columns,
       EXISTS (SELECT FROM pg_catalog.pg_index x
               WHERE x.indrelid = k.conrelid AND x.indisvalid AND x.indpred IS NULL
                 AND (x.indkey::int2[])[0:pg_catalog.cardinality(k.conkey) - 1] @> k.conkey) AS indexed,
       (SELECT coalesce(pg_catalog.sum(greatest(r.reltuples, pg_catalog.pg_stat_get_live_tuples(r.oid), 0)), 0)::bigint
        FROM pg_catalog.pg_class r
        WHERE r.relkind <> 'p'
          AND (r.oid = k.conrelid
               OR r.oid IN (SELECT i.inhrelid FROM pg_catalog.pg_inherits i WHERE i.inhparent = k.conrelid))) AS rows
FROM pg_catalog.pg_constraint k
JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE k.contype = 'f' AND k.confrelid = ANY ($1::oid[]) AND k.conparentid = 0
ORDER BY n.nspname, c.relname, k.conname;
