-- SPDX-License-Identifier: Apache-2.0
-- Leases that are over and that nobody may take over, because a backend of theirs still lives. Instants are microseconds since 1970.
SELECT l.job, l.holder, pg_catalog.numeric_mul(EXTRACT(epoch FROM l.lease_until), 1000000)::bigint AS lease_until, a.pid
FROM pgtend.lease l
CROSS JOIN LATERAL ROWS FROM (pg_catalog.unnest(l.backend_pids), pg_catalog.unnest(l.backend_starts)) b(pid, started)
JOIN pg_catalog.pg_stat_activity a ON a.pid OPERATOR(pg_catalog.=) b.pid
    AND coalesce(a.backend_start OPERATOR(pg_catalog.=) b.started, true)
WHERE l.lease_until OPERATOR(pg_catalog.<) pg_catalog.clock_timestamp()
ORDER BY l.job, a.pid;
