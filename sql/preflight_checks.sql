-- SPDX-License-Identifier: Apache-2.0
-- The CHECK constraints that a row has to pass: of a table, and of those below it what they have beyond it.
-- $1 oid: the table; $2 oid[]: those below it that hold its rows
-- plain: only the server's own code takes part in it, beside enums. everywhere: it holds for all of these rows, as far as the table knows.
SELECT DISTINCT ON (k.conname, expression) n.nspname AS schema, c.relname AS table, k.conname AS name, pg_catalog.pg_get_expr(k.conbin, k.conrelid) AS expression,
       ARRAY(SELECT a.attname FROM pg_catalog.pg_attribute a
             WHERE a.attrelid = k.conrelid AND (a.attnum = ANY (k.conkey) OR (0 = ANY (k.conkey) AND a.attnum > 0))
               AND NOT a.attisdropped -- 0: of the row as a whole
             ORDER BY a.attnum) AS columns,
       NOT EXISTS (SELECT FROM pg_catalog.pg_depend p
                   LEFT JOIN pg_catalog.pg_type t ON p.refclassid = 'pg_catalog.pg_type'::regclass AND t.oid = p.refobjid
                   WHERE p.classid = 'pg_catalog.pg_constraint'::regclass AND p.objid = k.oid AND p.deptype = 'n'
                     AND (p.refclassid IN ('pg_catalog.pg_proc'::regclass, 'pg_catalog.pg_operator'::regclass)
                          OR t.typtype <> 'e')) AS plain,
       k.conrelid = $1::oid AND NOT k.connoinherit AS everywhere
FROM pg_catalog.pg_constraint k
JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE k.contype = 'c'
  AND (k.conrelid = $1::oid OR (k.conrelid = ANY ($2::oid[])
                               AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint r
                                               WHERE r.conrelid = $1::oid AND r.contype = 'c' AND r.conname = k.conname
                                                 AND NOT r.connoinherit)))
  AND coalesce(pg_catalog.to_jsonb(k) ->> 'conenforced', 'true') = 'true' -- from 18 on some are not
ORDER BY k.conname, expression, n.nspname, c.relname;
