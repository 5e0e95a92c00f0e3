-- SPDX-License-Identifier: Apache-2.0
-- Which of these relations are not there. Asked under the search_path of the work, hence the qualified operators.
-- $1 text[]: schemas, '' for a name that is looked up; $2 text[]: names
SELECT w.place
FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.text[]), pg_catalog.unnest($2::pg_catalog.text[]))
     WITH ORDINALITY AS w (schema, name, place)
WHERE NOT EXISTS (
    SELECT FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
    WHERE c.relname OPERATOR(pg_catalog.=) w.name::pg_catalog.name
      AND CASE WHEN w.schema OPERATOR(pg_catalog.=) '' THEN pg_catalog.pg_table_is_visible(c.oid)
               ELSE n.nspname OPERATOR(pg_catalog.=) w.schema::pg_catalog.name END)
ORDER BY w.place;
