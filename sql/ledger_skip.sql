-- SPDX-License-Identifier: Apache-2.0
-- Slots that policy passes over: the watermark moves, the history says why. Of two runners that skip the same slot one does it.
-- $1 jobs, $2 slots, $3 reasons.
WITH asked AS MATERIALIZED (
    SELECT d.job, d.slot, d.reason
    FROM ROWS FROM (
        pg_catalog.unnest($1::pg_catalog.text[]), pg_catalog.unnest($2::pg_catalog.timestamptz[]), pg_catalog.unnest($3::pg_catalog.text[])
    ) d(job, slot, reason)
), locked AS MATERIALIZED (
    SELECT l.job, l.last_slot
    FROM pgtend.lease l
    WHERE l.job OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.text[])
    ORDER BY l.job
    FOR NO KEY UPDATE OF l
), passed AS MATERIALIZED (
    SELECT a.job, a.slot, a.reason
    FROM asked a
    JOIN locked k ON k.job OPERATOR(pg_catalog.=) a.job
    WHERE k.last_slot IS NULL OR k.last_slot OPERATOR(pg_catalog.<) a.slot
), moved AS (
    UPDATE pgtend.lease AS l
    SET last_slot = n.slot
    FROM (SELECT p.job, pg_catalog.max(p.slot) AS slot FROM passed p GROUP BY p.job) n
    WHERE l.job OPERATOR(pg_catalog.=) n.job
    RETURNING l.job
)
INSERT INTO pgtend.run (job, slot, attempt, status, finished, error)
SELECT p.job, p.slot, 0, 'skipped', pg_catalog.clock_timestamp(), p.reason FROM passed p ORDER BY p.slot;
