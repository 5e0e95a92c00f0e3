-- SPDX-License-Identifier: Apache-2.0
-- The query and the columns of a view or materialized view, as the server prints them: under an empty search_path with every name
-- qualified. It takes ACCESS SHARE on what the query reads.
-- $1 text: its OID, or its quoted name
SELECT pg_catalog.pg_get_viewdef(c.oid) AS definition,
       ARRAY(SELECT u.part
             FROM pg_catalog.pg_attribute a
             CROSS JOIN LATERAL pg_catalog.unnest(ARRAY[a.attname::text, pg_catalog.format_type(a.atttypid, a.atttypmod)])
                 WITH ORDINALITY AS u (part, ord)
             WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
             ORDER BY a.attnum, u.ord) AS columns
FROM pg_catalog.pg_class c
WHERE c.oid = $1::pg_catalog.regclass;
