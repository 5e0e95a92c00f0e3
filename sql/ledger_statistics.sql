-- SPDX-License-Identifier: Apache-2.0
-- How the runs of each job went. Durations are of runs that came to an end of their own: succeeded, failed, timed out.
-- $1 job (null: all), $2 started at or after (null: ever), $3 started before (null: until now).
SELECT s.job, s.runs, s.succeeded, s.failed, s.timed_out, s.lost, s.interrupted, s.skipped, s.running, s.rows,
       pg_catalog.numeric_mul(EXTRACT(epoch FROM s.took[1]), 1000000)::bigint AS p50,
       pg_catalog.numeric_mul(EXTRACT(epoch FROM s.took[2]), 1000000)::bigint AS p95,
       pg_catalog.numeric_mul(EXTRACT(epoch FROM s.took[3]), 1000000)::bigint AS p99,
       pg_catalog.numeric_mul(EXTRACT(epoch FROM s.took[4]), 1000000)::bigint AS longest,
       pg_catalog.numeric_mul(EXTRACT(epoch FROM s.last_started), 1000000)::bigint AS last_started,
       pg_catalog.numeric_mul(EXTRACT(epoch FROM f.started), 1000000)::bigint AS last_failure,
       f.status AS last_failure_status, f.error AS last_failure_error
FROM (
    SELECT r.job,
           pg_catalog.count(*) AS runs,
           pg_catalog.count(*) FILTER (WHERE r.status OPERATOR(pg_catalog.=) 'succeeded') AS succeeded,
           pg_catalog.count(*) FILTER (WHERE r.status OPERATOR(pg_catalog.=) 'failed') AS failed,
           pg_catalog.count(*) FILTER (WHERE r.status OPERATOR(pg_catalog.=) 'timed_out') AS timed_out,
           pg_catalog.count(*) FILTER (WHERE r.status OPERATOR(pg_catalog.=) 'lost') AS lost,
           pg_catalog.count(*) FILTER (WHERE r.status OPERATOR(pg_catalog.=) 'interrupted') AS interrupted,
           pg_catalog.count(*) FILTER (WHERE r.status OPERATOR(pg_catalog.=) 'skipped') AS skipped,
           pg_catalog.count(*) FILTER (WHERE r.status OPERATOR(pg_catalog.=) 'running') AS running,
           pg_catalog.sum(r.rows)::bigint AS rows,
           pg_catalog.percentile_disc(ARRAY[0.5, 0.95, 0.99, 1])
               WITHIN GROUP (ORDER BY r.finished OPERATOR(pg_catalog.-) r.started)
               FILTER (WHERE r.status OPERATOR(pg_catalog.=) ANY ('{succeeded,failed,timed_out}'::pg_catalog.text[])) AS took,
           pg_catalog.max(r.started) FILTER (WHERE r.status OPERATOR(pg_catalog.<>) 'skipped') AS last_started,
           pg_catalog.max(r.id)
               FILTER (WHERE r.status OPERATOR(pg_catalog.=) ANY ('{failed,timed_out,lost,interrupted}'::pg_catalog.text[])) AS last_failure
    FROM pgtend.run r
    WHERE ($1::pg_catalog.text IS NULL OR r.job OPERATOR(pg_catalog.=) $1::pg_catalog.text)
      AND ($2::pg_catalog.timestamptz IS NULL OR r.started OPERATOR(pg_catalog.>=) $2::pg_catalog.timestamptz)
      AND ($3::pg_catalog.timestamptz IS NULL OR r.started OPERATOR(pg_catalog.<) $3::pg_catalog.timestamptz)
    GROUP BY r.job) s
LEFT JOIN pgtend.run f ON f.id OPERATOR(pg_catalog.=) s.last_failure
ORDER BY s.job;
