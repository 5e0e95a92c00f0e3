-- SPDX-License-Identifier: Apache-2.0
-- Who gets which slots: decided on the rows of lease and fence alone, in one statement, never waiting (a wait would stall the control
-- connection and return an expired lease). What a dead holder left running becomes lost. A holder that asks again for the slot
-- it has did not get the answer: it gets the slot anew.
-- $1 jobs, each once, $2 their slots, $3 which of them are the open slot, taken up again, $4 holder, $5 seconds that the lease lasts,
-- $6 the token of a job whose slot lies before the watermark, because the clock was set back: nobody had the job since it was seen that
-- this slot was not run, $7 the failures that the decision rests on (null: none): of several runners that wait for the end of a
-- breaker's pause one makes the try.
WITH durable AS MATERIALIZED (
    -- What a claim lets begin may reach beyond the server: no crash may take the claim back. Local: a role that waits for no disk
    -- does not want to wait for a standby either.
    SELECT pg_catalog.set_config('synchronous_commit', CASE WHEN s.setting OPERATOR(pg_catalog.=) 'off' THEN 'local' ELSE s.setting END, true)
    FROM (SELECT pg_catalog.current_setting('synchronous_commit') AS setting) s
), due AS MATERIALIZED (
    SELECT l.job, l.token, l.holder, l.open_slot, l.open_attempts, d.slot
    FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.text[]), pg_catalog.unnest($2::pg_catalog.timestamptz[]),
                    pg_catalog.unnest($3::boolean[]), pg_catalog.unnest($6::bigint[]),
                    pg_catalog.unnest($7::integer[])) d(job, slot, again, token, failures)
    JOIN pgtend.lease l ON l.job OPERATOR(pg_catalog.=) d.job
    JOIN pgtend.fence f ON f.job OPERATOR(pg_catalog.=) l.job
    CROSS JOIN durable
    WHERE (l.last_slot IS NULL OR l.last_slot OPERATOR(pg_catalog.<) d.slot
           OR (l.open_slot OPERATOR(pg_catalog.=) d.slot
               AND (d.again OR l.holder OPERATOR(pg_catalog.=) $4::pg_catalog.text))
           OR (l.token OPERATOR(pg_catalog.=) d.token AND NOT EXISTS (
                  SELECT FROM pgtend.run r
                  WHERE r.job OPERATOR(pg_catalog.=) d.job AND r.slot OPERATOR(pg_catalog.=) d.slot
                    AND r.status OPERATOR(pg_catalog.<>) 'skipped')))
      AND (l.holder IS NULL OR l.lease_until OPERATOR(pg_catalog.<) pg_catalog.clock_timestamp()
           OR (l.holder OPERATOR(pg_catalog.=) $4::pg_catalog.text AND l.open_slot OPERATOR(pg_catalog.=) d.slot))
      AND NOT l.paused
      AND (d.failures IS NULL OR l.failures OPERATOR(pg_catalog.<=) d.failures)
      AND NOT EXISTS (SELECT FROM pgtend.meta m WHERE m.all_paused)
      AND CASE WHEN pg_catalog.cardinality(l.backend_pids) OPERATOR(pg_catalog.=) 0 THEN true ELSE NOT EXISTS (
              SELECT FROM ROWS FROM (pg_catalog.unnest(l.backend_pids), pg_catalog.unnest(l.backend_starts)) b(pid, started)
              JOIN pg_catalog.pg_stat_activity a ON a.pid OPERATOR(pg_catalog.=) b.pid
                AND coalesce(a.backend_start OPERATOR(pg_catalog.=) b.started, true)) END
    FOR UPDATE OF l, f SKIP LOCKED
), lost AS (
    UPDATE pgtend.run AS r
    SET status = 'lost', finished = pg_catalog.clock_timestamp(),
        error = CASE WHEN due.holder OPERATOR(pg_catalog.=) $4::pg_catalog.text THEN 'the answer to its claim was lost'
                     ELSE 'the runner stopped renewing its lease' END
    FROM due
    WHERE r.job OPERATOR(pg_catalog.=) due.job AND r.status OPERATOR(pg_catalog.=) 'running'
      AND r.token OPERATOR(pg_catalog.<=) due.token
    RETURNING r.job
), got AS (
    UPDATE pgtend.lease AS l
    SET token = l.token OPERATOR(pg_catalog.+) 1,
        holder = $4::pg_catalog.text,
        lease_until = pg_catalog.clock_timestamp() OPERATOR(pg_catalog.+) pg_catalog.make_interval(secs => $5::double precision),
        backend_pids = '{}',
        backend_starts = '{}',
        last_slot = greatest(l.last_slot, due.slot), -- an older open slot must not bring skipped ones back
        open_slot = due.slot,
        open_attempts = CASE WHEN due.open_slot OPERATOR(pg_catalog.=) due.slot
                             THEN due.open_attempts OPERATOR(pg_catalog.+) 1 ELSE 1 END,
        open_status = 'running',
        open_begun = true,
        last_status = CASE WHEN l.holder IS NULL THEN l.last_status ELSE 'lost' END,
        finished_at = CASE WHEN l.holder IS NULL THEN l.finished_at ELSE pg_catalog.clock_timestamp() END,
        failures = CASE WHEN l.holder OPERATOR(pg_catalog.<>) $4::pg_catalog.text THEN l.failures OPERATOR(pg_catalog.+) 1
                        ELSE l.failures END,
        failed_at = CASE WHEN l.holder OPERATOR(pg_catalog.<>) $4::pg_catalog.text THEN pg_catalog.clock_timestamp()
                         ELSE l.failed_at END
    FROM due
    WHERE l.job OPERATOR(pg_catalog.=) due.job
    RETURNING l.job, l.token, l.open_slot, l.open_attempts
), raised AS (
    UPDATE pgtend.fence AS f
    SET token = got.token
    FROM got
    WHERE f.job OPERATOR(pg_catalog.=) got.job
)
INSERT INTO pgtend.run AS r (job, slot, attempt, token, status, holder)
SELECT got.job, got.open_slot, got.open_attempts, got.token, 'running', $4::pg_catalog.text FROM got
RETURNING r.id, r.job, r.token, r.attempt,
    pg_catalog.numeric_mul(EXTRACT(epoch FROM r.slot), 1000000)::bigint AS slot;
