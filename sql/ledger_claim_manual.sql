-- SPDX-License-Identifier: Apache-2.0
-- A run by hand: no slot, the watermark and an open slot stay as they are, a pause does not hold it back. Never waits.
-- A holder that asks again did not get the answer.
-- One row: the claim, or, with a null id, who has the job.
-- $1 job, $2 holder, $3 seconds that the lease lasts.
WITH durable AS MATERIALIZED (
    -- What a claim lets begin may reach beyond the server: no crash may take the claim back. Local: a role that waits for no disk
    -- does not want to wait for a standby either.
    SELECT pg_catalog.set_config('synchronous_commit', CASE WHEN s.setting OPERATOR(pg_catalog.=) 'off' THEN 'local' ELSE s.setting END, true)
    FROM (SELECT pg_catalog.current_setting('synchronous_commit') AS setting) s
), due AS MATERIALIZED (
    SELECT l.job, l.token, l.holder
    FROM pgtend.lease l
    JOIN pgtend.fence f ON f.job OPERATOR(pg_catalog.=) l.job
    CROSS JOIN durable
    WHERE l.job OPERATOR(pg_catalog.=) $1::pg_catalog.text
      AND (l.holder IS NULL OR l.lease_until OPERATOR(pg_catalog.<) pg_catalog.clock_timestamp()
           OR l.holder OPERATOR(pg_catalog.=) $2::pg_catalog.text)
      AND CASE WHEN pg_catalog.cardinality(l.backend_pids) OPERATOR(pg_catalog.=) 0 THEN true ELSE NOT EXISTS (
              SELECT FROM ROWS FROM (pg_catalog.unnest(l.backend_pids), pg_catalog.unnest(l.backend_starts)) b(pid, started)
              JOIN pg_catalog.pg_stat_activity a ON a.pid OPERATOR(pg_catalog.=) b.pid
                AND coalesce(a.backend_start OPERATOR(pg_catalog.=) b.started, true)) END
    FOR UPDATE OF l, f SKIP LOCKED
), lost AS (
    UPDATE pgtend.run AS r
    SET status = 'lost', finished = pg_catalog.clock_timestamp(),
        error = CASE WHEN due.holder OPERATOR(pg_catalog.=) $2::pg_catalog.text THEN 'the answer to its claim was lost'
                     ELSE 'the runner stopped renewing its lease' END
    FROM due
    WHERE r.job OPERATOR(pg_catalog.=) due.job AND r.status OPERATOR(pg_catalog.=) 'running'
      AND r.token OPERATOR(pg_catalog.<=) due.token
    RETURNING r.job
), got AS (
    UPDATE pgtend.lease AS l
    SET token = l.token OPERATOR(pg_catalog.+) 1,
        holder = $2::pg_catalog.text,
        lease_until = pg_catalog.clock_timestamp() OPERATOR(pg_catalog.+) pg_catalog.make_interval(secs => $3::double precision),
        backend_pids = '{}',
        backend_starts = '{}',
        open_status = CASE WHEN l.open_status OPERATOR(pg_catalog.=) 'running' THEN 'lost' ELSE l.open_status END,
        last_status = CASE WHEN l.holder IS NULL THEN l.last_status ELSE 'lost' END,
        finished_at = CASE WHEN l.holder IS NULL THEN l.finished_at ELSE pg_catalog.clock_timestamp() END,
        failures = CASE WHEN l.holder OPERATOR(pg_catalog.<>) $2::pg_catalog.text THEN l.failures OPERATOR(pg_catalog.+) 1
                        ELSE l.failures END,
        failed_at = CASE WHEN l.holder OPERATOR(pg_catalog.<>) $2::pg_catalog.text THEN pg_catalog.clock_timestamp()
                         ELSE l.failed_at END
    FROM due
    WHERE l.job OPERATOR(pg_catalog.=) due.job
    RETURNING l.job, l.token
), raised AS (
    UPDATE pgtend.fence AS f
    SET token = got.token
    FROM got
    WHERE f.job OPERATOR(pg_catalog.=) got.job
), fresh AS (
    INSERT INTO pgtend.lease AS l (job, token, holder, lease_until, backend_pids, backend_starts, open_attempts, open_begun, failures,
                                   schedule, time_zone, kind, paused, paused_because)
    SELECT $1::pg_catalog.text, 1, $2::pg_catalog.text,
           pg_catalog.clock_timestamp() OPERATOR(pg_catalog.+) pg_catalog.make_interval(secs => $3::double precision),
           '{}', '{}', 0, true, 0, '', '', '', false, ''
    FROM durable
    WHERE NOT EXISTS (SELECT FROM pgtend.lease e WHERE e.job OPERATOR(pg_catalog.=) $1::pg_catalog.text)
    ON CONFLICT DO NOTHING
    RETURNING l.job, l.token
), fenced AS (
    INSERT INTO pgtend.fence (job, token) SELECT fresh.job, fresh.token FROM fresh
), created AS (
    INSERT INTO pgtend.run AS r (job, token, status, holder)
    SELECT g.job, g.token, 'running', $2::pg_catalog.text FROM (SELECT * FROM got UNION ALL SELECT * FROM fresh) g
    RETURNING r.id, r.token
)
SELECT c.id, c.token, b.holder, pg_catalog.array_to_string(nullif(b.backend_pids, '{}'), ', ') AS backend_pids,
       b.lease_until OPERATOR(pg_catalog.<) pg_catalog.clock_timestamp() AS expired
FROM (SELECT 1) one
LEFT JOIN created c ON true
LEFT JOIN pgtend.lease b ON b.job OPERATOR(pg_catalog.=) $1::pg_catalog.text;
