-- SPDX-License-Identifier: Apache-2.0
-- Runs, newest first.
-- $1 job (null: all), $2 status (null: all), $3 started at or after (null: ever), $4 at most so many, $5 started before (null: until now),
-- $6 took at least so long, one that is still going on until now (null: any).
SELECT r.id, r.job, pg_catalog.numeric_mul(EXTRACT(epoch FROM r.slot), 1000000)::bigint AS slot, r.attempt, r.status,
       pg_catalog.numeric_mul(EXTRACT(epoch FROM r.started), 1000000)::bigint AS started,
       pg_catalog.numeric_mul(EXTRACT(epoch FROM r.finished), 1000000)::bigint AS finished,
       r.rows, r.holder, r.error, r.sqlstate, r.hint, r.output
FROM pgtend.run r
WHERE ($1::pg_catalog.text IS NULL OR r.job OPERATOR(pg_catalog.=) $1::pg_catalog.text)
  AND ($2::pg_catalog.text IS NULL OR r.status OPERATOR(pg_catalog.=) $2::pg_catalog.text)
  AND ($3::pg_catalog.timestamptz IS NULL OR r.started OPERATOR(pg_catalog.>=) $3::pg_catalog.timestamptz)
  AND ($5::pg_catalog.timestamptz IS NULL OR r.started OPERATOR(pg_catalog.<) $5::pg_catalog.timestamptz)
  AND ($6::pg_catalog.interval IS NULL
       OR (COALESCE(r.finished, pg_catalog.clock_timestamp()) OPERATOR(pg_catalog.-) r.started)
          OPERATOR(pg_catalog.>=) $6::pg_catalog.interval)
ORDER BY r.id DESC
LIMIT $4::bigint;
