-- SPDX-License-Identifier: Apache-2.0
-- After a lost work connection: a new token for the same run, so that the old backend, should it live on, passes no fence any
-- more. Waits for the transaction that the old backend still has open.
-- $1 job, $2 token, $3 run, $4 seconds that the lease lasts. One row: the new token; null: lost, or `working` still does.
WITH raised AS (
    UPDATE pgtend.lease AS l
    SET token = l.token OPERATOR(pg_catalog.+) 1,
        lease_until = pg_catalog.clock_timestamp() OPERATOR(pg_catalog.+) pg_catalog.make_interval(secs => $4::double precision),
        backend_pids = '{}',
        backend_starts = '{}'
    WHERE l.job OPERATOR(pg_catalog.=) $1::pg_catalog.text AND l.token OPERATOR(pg_catalog.=) $2::bigint AND l.holder IS NOT NULL
      AND CASE WHEN pg_catalog.cardinality(l.backend_pids) OPERATOR(pg_catalog.=) 0 THEN true ELSE NOT EXISTS (
              SELECT FROM ROWS FROM (pg_catalog.unnest(l.backend_pids), pg_catalog.unnest(l.backend_starts)) b(pid, started)
              JOIN pg_catalog.pg_stat_activity a ON a.pid OPERATOR(pg_catalog.=) b.pid
                AND coalesce(a.backend_start OPERATOR(pg_catalog.=) b.started, true)) END
    RETURNING l.token
), moved AS (
    UPDATE pgtend.run AS r SET token = raised.token FROM raised WHERE r.id OPERATOR(pg_catalog.=) $3::bigint RETURNING r.id
)
SELECT (SELECT raised.token FROM raised) AS token, pg_catalog.array_to_string(nullif(b.backend_pids, '{}'), ', ') AS working
FROM (SELECT 1) one
LEFT JOIN pgtend.lease b ON b.job OPERATOR(pg_catalog.=) $1::pg_catalog.text AND b.token OPERATOR(pg_catalog.=) $2::bigint
    AND b.holder IS NOT NULL;
