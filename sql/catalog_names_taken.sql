-- SPDX-License-Identifier: Apache-2.0
-- What has these names already, in the schemas of these tables. A table also makes a type of its name, so types count.
-- $1 oid[]: the tables; $2 text[]: the names
SELECT w.position, taken.what
FROM ROWS FROM (pg_catalog.unnest($1::oid[]), pg_catalog.unnest($2::text[]))
     WITH ORDINALITY AS w (relation, name, position)
JOIN pg_catalog.pg_class t ON t.oid = w.relation
CROSS JOIN LATERAL (
    SELECT CASE c.relkind WHEN 'r' THEN CASE WHEN c.relispartition THEN 'partition' ELSE 'table' END
                          WHEN 'p' THEN 'partitioned table' WHEN 'i' THEN 'index' WHEN 'I' THEN 'index'
                          WHEN 'S' THEN 'sequence' WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view'
                          WHEN 'f' THEN 'foreign table' ELSE 'type' END
           || coalesce(' of ' || (SELECT pg_catalog.format('%I.%I', pn.nspname, pc.relname)
                                  FROM pg_catalog.pg_inherits i
                                  JOIN pg_catalog.pg_class pc ON pc.oid = i.inhparent
                                  JOIN pg_catalog.pg_namespace pn ON pn.oid = pc.relnamespace
                                  WHERE i.inhrelid = c.oid AND c.relispartition), '') AS what
    FROM pg_catalog.pg_class c
    WHERE c.relname = w.name::name AND c.relnamespace = t.relnamespace
    UNION ALL
    -- Of a relation, or an array type that moves out of the way: not in the way.
    SELECT 'type'
    FROM pg_catalog.pg_type ty
    WHERE ty.typname = w.name::name AND ty.typnamespace = t.relnamespace AND ty.typrelid = 0
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_type e WHERE e.typarray = ty.oid)
) taken;
