-- SPDX-License-Identifier: Apache-2.0
-- Renews all leases of a runner. Does not wait for work transactions, which lock the fence's row, not the lease's.
-- Rows are locked in the order of the names, as everywhere.
-- $1 jobs, $2 tokens, $3 seconds that the leases last. One row each, in the order asked: is it still ours?
WITH asked AS MATERIALIZED (
    SELECT d.job, d.token, d.n
    FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.text[]), pg_catalog.unnest($2::bigint[])) WITH ORDINALITY d(job, token, n)
), mine AS MATERIALIZED (
    SELECT l.job, l.token
    FROM asked a
    JOIN pgtend.lease l ON l.job OPERATOR(pg_catalog.=) a.job AND l.token OPERATOR(pg_catalog.=) a.token
    WHERE l.holder IS NOT NULL
    ORDER BY l.job
    FOR NO KEY UPDATE OF l
), renewed AS (
    UPDATE pgtend.lease AS l
    SET lease_until = pg_catalog.clock_timestamp() OPERATOR(pg_catalog.+) pg_catalog.make_interval(secs => $3::double precision)
    FROM mine
    WHERE l.job OPERATOR(pg_catalog.=) mine.job
    RETURNING l.job, l.token
)
SELECT r.job IS NOT NULL AS ours
FROM asked a
LEFT JOIN renewed r ON r.job OPERATOR(pg_catalog.=) a.job AND r.token OPERATOR(pg_catalog.=) a.token
ORDER BY a.n;
