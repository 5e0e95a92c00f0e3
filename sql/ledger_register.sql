-- SPDX-License-Identifier: Apache-2.0
-- Notes new jobs, and changed schedules of known ones. In the order of the names: two runners that register at once must not
-- lock rows crosswise.
-- $1 jobs, $2 schedules, $3 time zones, $4 kinds, $5 from when each counts (null: the server's now).
WITH noted AS (
    INSERT INTO pgtend.lease AS l (job, token, backend_pids, backend_starts, open_attempts, open_begun, failures, schedule, time_zone, kind,
                                   counts_from, paused, paused_because)
    SELECT r.job, 0, '{}', '{}', 0, true, 0, r.schedule, r.time_zone, r.kind,
           coalesce(r.counts_from, pg_catalog.clock_timestamp()), false, ''
    FROM ROWS FROM (
        pg_catalog.unnest($1::pg_catalog.text[]), pg_catalog.unnest($2::pg_catalog.text[]), pg_catalog.unnest($3::pg_catalog.text[]),
        pg_catalog.unnest($4::pg_catalog.text[]), pg_catalog.unnest($5::pg_catalog.timestamptz[])
    ) r(job, schedule, time_zone, kind, counts_from)
    ORDER BY r.job COLLATE pg_catalog."C"
    ON CONFLICT (job) DO UPDATE SET
        schedule = excluded.schedule,
        time_zone = excluded.time_zone,
        kind = excluded.kind,
        -- Another runner may have noted the same change a moment ago, or a clock that was set back since.
        counts_from = CASE
            WHEN l.schedule OPERATOR(pg_catalog.=) excluded.schedule
                 AND l.time_zone OPERATOR(pg_catalog.=) excluded.time_zone THEN least(l.counts_from, excluded.counts_from)
            ELSE excluded.counts_from END
    WHERE l.counts_from IS NULL OR l.counts_from OPERATOR(pg_catalog.>) excluded.counts_from
       OR l.schedule OPERATOR(pg_catalog.<>) excluded.schedule
       OR l.time_zone OPERATOR(pg_catalog.<>) excluded.time_zone OR l.kind OPERATOR(pg_catalog.<>) excluded.kind
    RETURNING l.job
)
INSERT INTO pgtend.fence (job, token)
SELECT n.job, 0 FROM noted n -- each after its lease: who adds one at the same time waits there
ON CONFLICT DO NOTHING;
