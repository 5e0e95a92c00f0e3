-- SPDX-License-Identifier: Apache-2.0
-- Databases that run out of transaction numbers, or of multixact numbers: at 2^31 the server takes no more writes.
-- $1, $2: percent of 2^31 since their oldest row was frozen that are a warning, an error.
SELECT pg_catalog.format('database %I', d.datname) AS object,
       pg_catalog.format('%s of 2,147,483,648 %s are used (%s %%)', pg_catalog.to_char(k.age, 'FM9,999,999,999'), k.what,
                         pg_catalog.round(k.age / 21474836.48, 1)) AS message,
       k.age / 21474836.48::float8 AS value,
       -- The table that holds it up can be told of this database alone.
       CASE WHEN d.datname = pg_catalog.current_database()
            THEN (SELECT pg_catalog.format('VACUUM (FREEZE) %I.%I', n.nspname, c.relname)
                  FROM pg_catalog.pg_class c
                  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                  LEFT JOIN pg_catalog.pg_class t ON t.oid = c.reltoastrelid
                  WHERE c.relkind IN ('r', 'm')
                  ORDER BY CASE WHEN k.multixact THEN greatest(pg_catalog.mxid_age(c.relminmxid), pg_catalog.mxid_age(t.relminmxid))
                                ELSE greatest(pg_catalog.age(c.relfrozenxid), pg_catalog.age(t.relfrozenxid)) END DESC, c.oid
                  LIMIT 1) END AS fix,
       CASE WHEN k.age / 21474836.48 >= $2::float8 THEN 'error' ELSE 'warning' END AS severity,
       NULL::text AS needs
FROM pg_catalog.pg_database d
CROSS JOIN LATERAL (VALUES ('transaction ids', false, pg_catalog.age(d.datfrozenxid)),
                           ('multixact ids', true, pg_catalog.mxid_age(d.datminmxid))) AS k (what, multixact, age)
WHERE k.age / 21474836.48 >= least($1::float8, $2::float8)
ORDER BY 3 DESC, 1;
