-- SPDX-License-Identifier: Apache-2.0
-- Who works: live leases, and backends of work outside transactions that outlived theirs.
SELECT l.job, l.holder
FROM pgtend.lease l
WHERE l.holder IS NOT NULL
  AND (l.lease_until OPERATOR(pg_catalog.>=) pg_catalog.clock_timestamp()
       OR EXISTS (SELECT FROM pg_catalog.pg_stat_activity a
                  WHERE a.pid OPERATOR(pg_catalog.=) l.backend_pid
                    AND (l.backend_start IS NULL OR a.backend_start IS NULL
                         OR a.backend_start OPERATOR(pg_catalog.=) l.backend_start)))
ORDER BY l.job;
