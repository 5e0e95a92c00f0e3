-- SPDX-License-Identifier: Apache-2.0
-- Triggers of users that fire for each row of a table, or of those below it, where they are not the same ones.
-- $1 oid[]: the table and those below it that hold its rows
-- own_path: its function has a search_path of its own. arguments: of the trigger, as text. columns: only when one of these is
-- named in SET; empty: always.
SELECT g.tgname AS name, pg_catalog.concat(s.nspname, '.', p.proname) AS function, p.prosrc AS source, l.lanname AS language,
       g.tgtype & 2 <> 0 AS before, g.tgtype & 4 <> 0 AS of_inserts, g.tgtype & 8 <> 0 AS of_deletes,
       g.tgtype & 16 <> 0 AS of_updates, pg_catalog.encode(g.tgargs, 'escape') AS arguments,
       EXISTS (SELECT FROM pg_catalog.unnest(p.proconfig) AS o (setting) WHERE o.setting LIKE 'search\_path=%') AS own_path,
       ARRAY(SELECT a.attname FROM pg_catalog.pg_attribute a
             WHERE a.attrelid = g.tgrelid AND a.attnum = ANY (g.tgattr::int2[]) ORDER BY a.attnum) AS columns
FROM pg_catalog.pg_trigger g
JOIN pg_catalog.pg_proc p ON p.oid = g.tgfoid
JOIN pg_catalog.pg_namespace s ON s.oid = p.pronamespace
JOIN pg_catalog.pg_language l ON l.oid = p.prolang
WHERE g.tgrelid = ANY ($1::oid[]) AND NOT g.tgisinternal AND g.tgparentid = 0 AND g.tgenabled IN ('O', 'A')
  AND g.tgtype & 1 <> 0 -- for each row
ORDER BY g.tgname, g.tgrelid;
