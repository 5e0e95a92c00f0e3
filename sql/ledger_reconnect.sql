-- SPDX-License-Identifier: Apache-2.0
-- After a lost work connection: a new token for the same run, so that the old backend, should it live on, passes no fence any
-- more. Waits for the transaction that the old backend still has open.
-- $1 job, $2 token, $3 run, $4 seconds that the lease lasts. One row: the new token; null: lost, or `working` still does.
WITH raised AS (
    UPDATE pgtend.lease AS l
    SET token = l.token OPERATOR(pg_catalog.+) 1,
        lease_until = pg_catalog.clock_timestamp() OPERATOR(pg_catalog.+) pg_catalog.make_interval(secs => $4::double precision),
        backend_pid = NULL,
        backend_start = NULL
    WHERE l.job OPERATOR(pg_catalog.=) $1::pg_catalog.text AND l.token OPERATOR(pg_catalog.=) $2::bigint AND l.holder IS NOT NULL
      AND CASE WHEN l.backend_pid IS NULL THEN true ELSE NOT EXISTS (
              SELECT FROM pg_catalog.pg_stat_activity a
              WHERE a.pid OPERATOR(pg_catalog.=) l.backend_pid
                AND (l.backend_start IS NULL OR a.backend_start IS NULL
                     OR a.backend_start OPERATOR(pg_catalog.=) l.backend_start)) END
    RETURNING l.token
), moved AS (
    UPDATE pgtend.run AS r SET token = raised.token FROM raised WHERE r.id OPERATOR(pg_catalog.=) $3::bigint RETURNING r.id
)
SELECT (SELECT raised.token FROM raised) AS token, b.backend_pid AS working
FROM (SELECT 1) one
LEFT JOIN pgtend.lease b ON b.job OPERATOR(pg_catalog.=) $1::pg_catalog.text AND b.token OPERATOR(pg_catalog.=) $2::bigint
    AND b.holder IS NOT NULL;
