-- SPDX-License-Identifier: Apache-2.0
-- The newest run of each job that was more than skipped. The lease names it, so that years of history cost nothing: among them each
-- job's newest run has a page of the index to itself.
-- $1 jobs.
SELECT r.id, r.job, pg_catalog.numeric_mul(EXTRACT(epoch FROM r.slot), 1000000)::bigint AS slot, r.attempt, r.status,
       pg_catalog.numeric_mul(EXTRACT(epoch FROM r.started), 1000000)::bigint AS started,
       pg_catalog.numeric_mul(EXTRACT(epoch FROM r.finished), 1000000)::bigint AS finished,
       r.rows, r.holder, r.error, r.sqlstate, r.hint, r.output
FROM pgtend.lease l
LEFT JOIN (
    SELECT o.job, pg_catalog.max(o.id) AS id
    FROM pgtend.run o
    WHERE o.status OPERATOR(pg_catalog.=) 'running'
    GROUP BY o.job) going ON going.job OPERATOR(pg_catalog.=) l.job
JOIN pgtend.run r ON r.id OPERATOR(pg_catalog.=) greatest(going.id, l.last_run)
WHERE l.job OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.text[]);
