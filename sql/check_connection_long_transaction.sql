-- SPDX-License-Identifier: Apache-2.0
-- Transactions, in all databases, that are open for long. VACUUM, which may take its time, and workers of parallel queries beside their
-- leader are left out.
-- $1, $2: hours that are a warning, an error.
SELECT pg_catalog.format('pid %s', a.pid) AS object,
       pg_catalog.format('%s, in a transaction for %s, %s%s', pg_catalog.concat_ws(' ', a.usename, 'in database', a.datname),
                         pg_catalog.date_trunc('second', pg_catalog.clock_timestamp() - a.xact_start), a.state,
                         ' (' || nullif(a.application_name, '') || ')') AS message,
       s.hours AS value,
       pg_catalog.format('SELECT pg_catalog.%s(%s)',
                         CASE WHEN a.state = 'active' THEN 'pg_cancel_backend' ELSE 'pg_terminate_backend' END, a.pid) AS fix,
       CASE WHEN s.hours >= $2::float8 THEN 'error' ELSE 'warning' END AS severity,
       NULL::text AS needs
FROM pg_catalog.pg_stat_activity a
CROSS JOIN LATERAL (SELECT extract(epoch FROM pg_catalog.clock_timestamp() - a.xact_start)::float8 / 3600) AS s (hours)
WHERE a.backend_type NOT IN ('autovacuum worker', 'walsender') AND a.leader_pid IS NULL
  AND a.pid <> pg_catalog.pg_backend_pid() AND s.hours >= least($1::float8, $2::float8)
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_progress_vacuum v WHERE v.pid = a.pid)
UNION ALL
SELECT 'sessions', pg_catalog.format('%s of other roles cannot be seen', pg_catalog.count(*)), pg_catalog.count(*), NULL, NULL,
       'pg_read_all_stats'
FROM pg_catalog.pg_stat_activity a
WHERE a.backend_type IS NULL AND a.usesysid IS NOT NULL AND a.datid IS NOT NULL
HAVING pg_catalog.count(*) > 0
ORDER BY 3 DESC;
