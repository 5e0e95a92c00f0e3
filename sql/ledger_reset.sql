-- SPDX-License-Identifier: Apache-2.0
-- Forgets failures: a breaker is closed, and a slot that was given up after too many attempts may be taken up again. A run that is
-- going on stays one attempt. With all jobs also that no session could be had for their work.
-- $1 jobs (null: all). One row for each that the ledger knows: what is forgotten.
WITH locked AS MATERIALIZED (
    SELECT l.job, l.failures, l.open_slot, l.open_attempts
    FROM pgtend.lease l
    WHERE $1::pg_catalog.text[] IS NULL OR l.job OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.text[])
    ORDER BY l.job
    FOR NO KEY UPDATE OF l
), forgotten AS (
    UPDATE pgtend.lease AS l
    SET failures = 0,
        failed_at = NULL,
        open_attempts = CASE WHEN l.open_status OPERATOR(pg_catalog.=) 'running' THEN least(l.open_attempts, 1) ELSE 0 END
    FROM locked
    WHERE l.job OPERATOR(pg_catalog.=) locked.job
), sessions AS (
    UPDATE pgtend.meta AS m
    SET connect_failures = 0, connect_failed_at = NULL
    WHERE $1::pg_catalog.text[] IS NULL AND m.connect_failures OPERATOR(pg_catalog.<>) 0
)
SELECT k.job, k.failures, CASE WHEN k.open_slot IS NULL THEN 0 ELSE k.open_attempts END AS open_attempts FROM locked k ORDER BY k.job;
