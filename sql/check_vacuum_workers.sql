-- SPDX-License-Identifier: Apache-2.0
-- All autovacuum workers are busy and none has begun of late: other tables and databases wait. A role that may not see what other
-- backends are knows workers by having a database and no role, but not since when they run.
-- $1: seconds since the youngest began that are a finding.
SELECT 'autovacuum_max_workers' AS object,
       pg_catalog.format('all %s autovacuum workers are busy, the youngest for %s', pg_catalog.count(*),
                         pg_catalog.date_trunc('second', pg_catalog.clock_timestamp() - pg_catalog.max(w.backend_start))) AS message,
       extract(epoch FROM pg_catalog.clock_timestamp() - pg_catalog.max(w.backend_start))::float8 AS value,
       pg_catalog.format('ALTER SYSTEM SET autovacuum_max_workers = %s', 2 * pg_catalog.count(*)) AS fix,
       NULL::text AS severity,
       CASE WHEN pg_catalog.max(w.backend_start) IS NULL THEN 'pg_read_all_stats' END AS needs
FROM pg_catalog.pg_stat_activity w
WHERE NOT pg_catalog.pg_is_in_recovery()
  AND (w.backend_type = 'autovacuum worker' OR w.backend_type IS NULL AND w.datid IS NOT NULL AND w.usesysid IS NULL)
HAVING pg_catalog.count(*) >= pg_catalog.current_setting('autovacuum_max_workers')::int
   AND coalesce(extract(epoch FROM pg_catalog.clock_timestamp() - pg_catalog.max(w.backend_start)) >= $1::float8, true);
