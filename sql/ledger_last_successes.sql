-- SPDX-License-Identifier: Apache-2.0
-- The newest run of each job that succeeded. The two bounds on the job, where one equality would do, keep its index in use:
-- ORDER BY id alone may choose the primary key, and walk for a job that never ran through the history of all others.
-- $1 jobs.
SELECT r.id, r.job, pg_catalog.numeric_mul(EXTRACT(epoch FROM r.slot), 1000000)::bigint AS slot, r.attempt, r.status,
       pg_catalog.numeric_mul(EXTRACT(epoch FROM r.started), 1000000)::bigint AS started,
       pg_catalog.numeric_mul(EXTRACT(epoch FROM r.finished), 1000000)::bigint AS finished,
       r.rows, r.holder, r.error, r.sqlstate, r.hint, r.output
FROM pg_catalog.unnest($1::pg_catalog.text[]) w(job)
CROSS JOIN LATERAL (
    SELECT * FROM pgtend.run r
    WHERE r.job OPERATOR(pg_catalog.>=) w.job AND r.job OPERATOR(pg_catalog.<=) w.job
      AND r.status OPERATOR(pg_catalog.=) 'succeeded'
    ORDER BY r.job DESC, r.id DESC
    LIMIT 1) r;
