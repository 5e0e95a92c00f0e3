-- SPDX-License-Identifier: Apache-2.0
-- Who works: live leases, and backends of work outside transactions that outlived theirs.
SELECT l.job, l.holder
FROM pgtend.lease l
WHERE l.holder IS NOT NULL
  AND (l.lease_until OPERATOR(pg_catalog.>=) pg_catalog.clock_timestamp()
       OR EXISTS (
              SELECT FROM ROWS FROM (pg_catalog.unnest(l.backend_pids), pg_catalog.unnest(l.backend_starts)) b(pid, started)
              JOIN pg_catalog.pg_stat_activity a ON a.pid OPERATOR(pg_catalog.=) b.pid
                AND coalesce(a.backend_start OPERATOR(pg_catalog.=) b.started, true)))
ORDER BY l.job;
