-- SPDX-License-Identifier: Apache-2.0
-- So that nobody looks for it among years of runs.
ALTER TABLE pgtend.lease ADD COLUMN last_run bigint;
COMMENT ON COLUMN pgtend.lease.last_run IS 'id of the newest run that has ended, unless it was skipped; null: none has. It may be purged';
UPDATE pgtend.lease AS l
SET last_run = r.id
FROM pgtend.lease o
CROSS JOIN LATERAL (
    SELECT r.id FROM pgtend.run r
    WHERE r.job OPERATOR(pg_catalog.>=) o.job AND r.job OPERATOR(pg_catalog.<=) o.job
      AND r.status OPERATOR(pg_catalog.<>) ALL ('{skipped,running}'::pg_catalog.text[])
    ORDER BY r.job DESC, r.id DESC
    LIMIT 1) r
WHERE l.job OPERATOR(pg_catalog.=) o.job;
