-- SPDX-License-Identifier: Apache-2.0
-- Materialized views: can they be refreshed, and concurrently?
-- $1 oid[]: materialized views; $2 text: the role that will do the work, NULL for the session's own
SELECT c.oid, c.relispopulated AS populated, owner.rolname AS owner, owner.rolsuper AS owner_is_superuser, worker.rolname AS role,
       pg_catalog.pg_has_role(worker.oid, c.relowner, 'USAGE')
       -- The privilege MAINTAIN exists from 17 on; before, its name is an error.
       OR CASE WHEN pg_catalog.current_setting('server_version_num')::int >= 170000
               THEN pg_catalog.has_table_privilege(worker.oid, c.oid, 'MAINTAIN') ELSE false END AS may_refresh,
       -- {name, NULL when REFRESH ... CONCURRENTLY can use it, else why not, its columns, ...}, as is_usable_unique_index()
       -- of the server's matview.c asks.
       ARRAY(SELECT part
             FROM pg_catalog.pg_index x
             JOIN pg_catalog.pg_class xc ON xc.oid = x.indexrelid
             CROSS JOIN LATERAL pg_catalog.unnest(ARRAY[xc.relname::text,
                 CASE WHEN NOT x.indisvalid THEN 'is invalid'
                      WHEN x.indpred IS NOT NULL THEN 'has a WHERE'
                      WHEN 0 = ANY (x.indkey::int2[]) THEN 'is on an expression'
                      WHEN NOT x.indimmediate THEN 'is deferrable' END,
                 ARRAY(SELECT a.attname
                       FROM pg_catalog.generate_series(0, x.indnkeyatts - 1) AS k (at)
                       JOIN pg_catalog.pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = x.indkey[k.at]
                       ORDER BY k.at)::text]) WITH ORDINALITY AS u (part, ord)
             WHERE x.indrelid = c.oid AND x.indisunique
             ORDER BY xc.relname, ord) AS unique_indexes
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_roles owner ON owner.oid = c.relowner
JOIN pg_catalog.pg_roles worker ON worker.rolname = coalesce($2::name, current_user)
WHERE c.oid = ANY ($1::oid[]) AND c.relkind = 'm';
