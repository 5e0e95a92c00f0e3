-- SPDX-License-Identifier: Apache-2.0
-- Where jobs stand by what was really run, for a clock that was set back: their watermarks lie in the future.
-- $1 jobs, $2 up to which slot. One row for each that the ledger knows: its token, and the newest slot that was run.
SELECT l.job, l.token,
       (SELECT pg_catalog.numeric_mul(EXTRACT(epoch FROM pg_catalog.max(r.slot)), 1000000)::bigint
        FROM pgtend.run r
        WHERE r.job OPERATOR(pg_catalog.=) l.job AND r.slot OPERATOR(pg_catalog.<=) d.upto
          AND r.status OPERATOR(pg_catalog.<>) 'skipped') AS slot
FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.text[]), pg_catalog.unnest($2::pg_catalog.timestamptz[])) d(job, upto)
JOIN pgtend.lease l ON l.job OPERATOR(pg_catalog.=) d.job;
