-- SPDX-License-Identifier: Apache-2.0
-- Of columns that are compared with a literal: where ANALYZE saw each value that there is, and not this one, and nothing says
-- that it may come: no CHECK of the column, no default, no enum, no function that holds it.
-- $1 text[]: words of the statement, among which are its tables; $2 text[]: columns; $3 text[]: what each is compared with
SELECT n.nspname AS schema, c.relname AS table, a.attname AS column, w.literal, s.most_common_vals::text AS seen
FROM ROWS FROM (pg_catalog.unnest($2::text[]), pg_catalog.unnest($3::text[])) WITH ORDINALITY AS w (column_name, literal, place)
JOIN pg_catalog.pg_attribute a ON a.attname = w.column_name::name AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_catalog.pg_class c ON c.oid = a.attrelid AND c.relname = ANY ($1::name[]) AND c.relkind IN ('r', 'p', 'm')
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND n.nspname NOT IN ('pg_catalog', 'information_schema')
JOIN pg_catalog.pg_type t ON t.oid = a.atttypid AND t.typtype = 'b' AND t.typcategory = 'S'
JOIN pg_catalog.pg_stats s ON s.schemaname = n.nspname AND s.tablename = c.relname AND s.attname = a.attname
                          AND s.inherited = (c.relkind = 'p')
WHERE s.n_distinct > 0
  AND pg_catalog.cardinality(s.most_common_vals::text::text[]) = s.n_distinct
  AND w.literal <> ALL (s.most_common_vals::text::text[])
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint k
                  WHERE k.conrelid = c.oid AND k.contype = 'c' AND a.attnum = ANY (k.conkey))
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_attrdef d
                  WHERE d.adrelid = c.oid AND d.adnum = a.attnum
                    AND pg_catalog.strpos(pg_catalog.pg_get_expr(d.adbin, d.adrelid), pg_catalog.quote_literal(w.literal)) > 0)
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_proc p
                  WHERE p.oid >= 16384 AND pg_catalog.strpos(p.prosrc, pg_catalog.quote_literal(w.literal)) > 0)
ORDER BY w.place, n.nspname, c.relname;
