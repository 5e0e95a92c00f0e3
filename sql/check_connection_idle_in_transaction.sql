-- SPDX-License-Identifier: Apache-2.0
-- Sessions, in all databases, that hold a transaction open and do nothing.
-- $1, $2: seconds since their last statement that are a warning, an error.
SELECT pg_catalog.format('pid %s', a.pid) AS object,
       pg_catalog.format('%s, idle in a transaction for %s%s', pg_catalog.concat_ws(' ', a.usename, 'in database', a.datname),
                         pg_catalog.date_trunc('second', pg_catalog.clock_timestamp() - a.state_change),
                         ' (' || nullif(a.application_name, '') || ')') AS message,
       s.idle AS value,
       pg_catalog.format('SELECT pg_catalog.pg_terminate_backend(%s)', a.pid) AS fix,
       CASE WHEN s.idle >= $2::float8 THEN 'error' ELSE 'warning' END AS severity,
       NULL::text AS needs
FROM pg_catalog.pg_stat_activity a
CROSS JOIN LATERAL (SELECT extract(epoch FROM pg_catalog.clock_timestamp() - a.state_change)::float8) AS s (idle)
WHERE a.state LIKE 'idle in transaction%' AND s.idle >= least($1::float8, $2::float8)
UNION ALL
SELECT 'sessions', pg_catalog.format('%s of other roles cannot be seen', pg_catalog.count(*)), pg_catalog.count(*), NULL, NULL,
       'pg_read_all_stats'
FROM pg_catalog.pg_stat_activity a
WHERE a.backend_type IS NULL AND a.usesysid IS NOT NULL AND a.datid IS NOT NULL
HAVING pg_catalog.count(*) > 0
ORDER BY 3 DESC;
