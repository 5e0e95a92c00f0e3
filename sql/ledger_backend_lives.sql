-- SPDX-License-Identifier: Apache-2.0
-- Does a backend that was noted for work outside transactions still live?
-- $1 job, $2 token.
SELECT EXISTS (
    SELECT FROM pgtend.lease l
    CROSS JOIN LATERAL ROWS FROM (pg_catalog.unnest(l.backend_pids), pg_catalog.unnest(l.backend_starts)) b(pid, started)
    JOIN pg_catalog.pg_stat_activity a ON a.pid OPERATOR(pg_catalog.=) b.pid
      AND coalesce(a.backend_start OPERATOR(pg_catalog.=) b.started, true)
    WHERE l.job OPERATOR(pg_catalog.=) $1::pg_catalog.text AND l.token OPERATOR(pg_catalog.=) $2::bigint) AS lives;
