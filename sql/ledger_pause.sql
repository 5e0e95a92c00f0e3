-- SPDX-License-Identifier: Apache-2.0
-- Pauses a job, also one that has no row yet, or resumes it.
-- $1 job, $2 paused, $3 because.
WITH noted AS (
    INSERT INTO pgtend.lease AS l (job, token, backend_pids, backend_starts, open_attempts, open_begun, failures, schedule, time_zone, kind,
                                   paused, paused_because)
    SELECT $1::pg_catalog.text, 0, '{}', '{}', 0, true, 0, '', '', '', true, $3::pg_catalog.text
    WHERE $2::boolean OR EXISTS (SELECT FROM pgtend.lease e WHERE e.job OPERATOR(pg_catalog.=) $1::pg_catalog.text)
    ON CONFLICT (job) DO UPDATE SET
        paused = $2::boolean,
        paused_because = CASE WHEN $2::boolean THEN $3::pg_catalog.text ELSE '' END
    RETURNING l.job
)
INSERT INTO pgtend.fence (job, token)
SELECT n.job, 0 FROM noted n
ON CONFLICT DO NOTHING;
