-- SPDX-License-Identifier: Apache-2.0
-- Frees the leases that nobody renews, and says so in the history; the slots stay open for whoever may claim them again.
-- One row for each run that is lost now, with how often its job has failed in a row. A lease whose work transaction, or noted backend,
-- still lives is left alone. One that ends later than any lease can, because the clock was set back, is cut: who lives renews it
-- before that.
-- $1 seconds that a lease lasts, $2 and how far a clock may be set back without notice.
WITH cut AS (
    UPDATE pgtend.lease AS l
    SET lease_until = pg_catalog.clock_timestamp() OPERATOR(pg_catalog.+) pg_catalog.make_interval(secs => $1::double precision)
    WHERE l.lease_until OPERATOR(pg_catalog.>) (pg_catalog.clock_timestamp() OPERATOR(pg_catalog.+)
          pg_catalog.make_interval(secs => $1::double precision OPERATOR(pg_catalog.+) $2::double precision))
), dead AS MATERIALIZED (
    SELECT l.job, l.token,
           (SELECT pg_catalog.max(r.id) FROM pgtend.run r
            WHERE r.job OPERATOR(pg_catalog.=) l.job AND r.status OPERATOR(pg_catalog.=) 'running') AS run
    FROM pgtend.lease l
    JOIN pgtend.fence f ON f.job OPERATOR(pg_catalog.=) l.job
    WHERE l.holder IS NOT NULL AND l.lease_until OPERATOR(pg_catalog.<) pg_catalog.clock_timestamp()
      AND CASE WHEN pg_catalog.cardinality(l.backend_pids) OPERATOR(pg_catalog.=) 0 THEN true ELSE NOT EXISTS (
              SELECT FROM ROWS FROM (pg_catalog.unnest(l.backend_pids), pg_catalog.unnest(l.backend_starts)) b(pid, started)
              JOIN pg_catalog.pg_stat_activity a ON a.pid OPERATOR(pg_catalog.=) b.pid
                AND coalesce(a.backend_start OPERATOR(pg_catalog.=) b.started, true)) END
    FOR UPDATE OF l, f SKIP LOCKED
), freed AS (
    UPDATE pgtend.lease AS l
    SET token = l.token OPERATOR(pg_catalog.+) 1,
        holder = NULL,
        lease_until = NULL,
        backend_pids = '{}',
        backend_starts = '{}',
        open_status = CASE WHEN l.open_status OPERATOR(pg_catalog.=) 'running' THEN 'lost' ELSE l.open_status END,
        last_status = 'lost',
        last_run = coalesce(dead.run, l.last_run),
        finished_at = pg_catalog.clock_timestamp(),
        failures = l.failures OPERATOR(pg_catalog.+) 1,
        failed_at = pg_catalog.clock_timestamp()
    FROM dead
    WHERE l.job OPERATOR(pg_catalog.=) dead.job
    RETURNING l.job, l.token, l.failures
), raised AS (
    UPDATE pgtend.fence AS f
    SET token = freed.token
    FROM freed
    WHERE f.job OPERATOR(pg_catalog.=) freed.job
), lost AS (
    UPDATE pgtend.run AS r
    SET status = 'lost', finished = pg_catalog.clock_timestamp(), error = 'the runner stopped renewing its lease'
    FROM dead
    WHERE r.job OPERATOR(pg_catalog.=) dead.job AND r.status OPERATOR(pg_catalog.=) 'running'
      AND r.token OPERATOR(pg_catalog.<=) dead.token
    RETURNING r.id, r.job, r.slot, r.attempt, r.holder
)
SELECT l.id, l.job, pg_catalog.numeric_mul(EXTRACT(epoch FROM l.slot), 1000000)::bigint AS slot, l.attempt, l.holder,
       f.failures
FROM lost l
JOIN freed f ON f.job OPERATOR(pg_catalog.=) l.job
ORDER BY l.id;
