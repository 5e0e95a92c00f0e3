-- SPDX-License-Identifier: Apache-2.0
-- Gives the lease back and writes what became of the run. The condition stands on the lease row: on the run row a finish could
-- slip through a takeover that waits. Repeating it after a lost answer does no harm.
-- A run that sent nothing of its work is no attempt.
-- $1 job, $2 token, $3 run, $4 by hand, $5 the slot stays open, $6 status, $7 rows, $8 error, $9 sqlstate, $10 hint, $11 output,
-- $12 its work was begun, $13 a noted backend may still work: it goes on keeping others out, $14 one more failure in a row.
-- One row: done, and how often the job had failed in a row when this began, and has now. No row: there is no such job.
WITH freed AS (
    UPDATE pgtend.lease AS l
    SET holder = NULL,
        lease_until = NULL,
        backend_pids = CASE WHEN $13::boolean THEN l.backend_pids ELSE '{}' END,
        backend_starts = CASE WHEN $13::boolean THEN l.backend_starts ELSE '{}' END,
        open_slot = CASE WHEN $4::boolean OR $5::boolean THEN l.open_slot END,
        open_status = CASE WHEN $4::boolean THEN l.open_status WHEN $5::boolean THEN $6::pg_catalog.text END,
        open_begun = CASE WHEN $4::boolean THEN l.open_begun ELSE $12::boolean END,
        open_attempts = CASE WHEN $4::boolean OR $12::boolean THEN l.open_attempts
                             ELSE l.open_attempts OPERATOR(pg_catalog.-) 1 END,
        last_status = $6::pg_catalog.text,
        last_run = $3::bigint,
        finished_at = pg_catalog.clock_timestamp(),
        failures = CASE WHEN $6::pg_catalog.text OPERATOR(pg_catalog.=) 'succeeded' THEN 0
                        WHEN $14::boolean THEN l.failures OPERATOR(pg_catalog.+) 1 ELSE l.failures END,
        failed_at = CASE WHEN $6::pg_catalog.text OPERATOR(pg_catalog.=) 'succeeded' THEN NULL
                         WHEN $14::boolean THEN pg_catalog.clock_timestamp() ELSE l.failed_at END
    WHERE l.job OPERATOR(pg_catalog.=) $1::pg_catalog.text AND l.token OPERATOR(pg_catalog.=) $2::bigint AND l.holder IS NOT NULL
    RETURNING l.job, l.failures
), written AS (
    UPDATE pgtend.run AS r
    SET status = $6::pg_catalog.text, finished = pg_catalog.clock_timestamp(), rows = $7::bigint, error = $8::pg_catalog.text,
        sqlstate = $9::pg_catalog.text, hint = $10::pg_catalog.text, output = $11::pg_catalog.text
    FROM freed
    WHERE r.id OPERATOR(pg_catalog.=) $3::bigint AND r.status OPERATOR(pg_catalog.=) 'running'
    RETURNING r.id
)
SELECT EXISTS (SELECT FROM freed) OR EXISTS (
    SELECT FROM pgtend.run r
    WHERE r.id OPERATOR(pg_catalog.=) $3::bigint AND r.token OPERATOR(pg_catalog.=) $2::bigint
      AND r.status OPERATOR(pg_catalog.=) $6::pg_catalog.text) AS done,
    l.failures AS failures_before,
    coalesce(f.failures, l.failures) AS failures
FROM pgtend.lease l
LEFT JOIN freed f ON f.job OPERATOR(pg_catalog.=) l.job
WHERE l.job OPERATOR(pg_catalog.=) $1::pg_catalog.text;
