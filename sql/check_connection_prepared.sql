-- SPDX-License-Identifier: Apache-2.0
-- Prepared transactions, in all databases, that nobody finishes. Only from their own database can they be.
-- $1, $2: seconds since PREPARE TRANSACTION that are a warning, an error.
SELECT pg_catalog.format('prepared transaction %L', p.gid) AS object,
       pg_catalog.format('of %s in database %s, prepared %s ago: it holds its locks and keeps vacuum from removing rows', p.owner,
                         p.database, pg_catalog.date_trunc('second', pg_catalog.clock_timestamp() - p.prepared)) AS message,
       s.age AS value,
       pg_catalog.format('ROLLBACK PREPARED %L', p.gid) AS fix,
       CASE WHEN s.age >= $2::float8 THEN 'error' ELSE 'warning' END AS severity,
       NULL::text AS needs
FROM pg_catalog.pg_prepared_xacts p
CROSS JOIN LATERAL (SELECT extract(epoch FROM pg_catalog.clock_timestamp() - p.prepared)::float8) AS s (age)
WHERE s.age >= least($1::float8, $2::float8)
ORDER BY 3 DESC, 1;
