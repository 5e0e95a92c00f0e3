-- SPDX-License-Identifier: Apache-2.0
-- How many blocks of this database were found in shared_buffers. The counters go back to stats_reset, or, from 15 on, when that is null,
-- to when the server last began all statistics anew.
-- $1: percent below which it is a finding; $2: blocks that must have been read for it to mean something.
SELECT pg_catalog.format('database %I', d.datname) AS object,
       pg_catalog.format('%s %% of %s blocks were found in shared_buffers since %s', pg_catalog.round(r.percent::numeric, 1),
                         pg_catalog.to_char(d.blks_hit + d.blks_read, 'FM9,999,999,999,999,999'),
                         pg_catalog.to_char(s.since AT TIME ZONE 'UTC', 'YYYY-MM-DD')) AS message,
       r.percent AS value, NULL::text AS fix, NULL::text AS severity, NULL::text AS needs
FROM pg_catalog.pg_stat_database d
CROSS JOIN LATERAL (SELECT coalesce(d.stats_reset, least(b.stats_reset, a.stats_reset), pg_catalog.pg_postmaster_start_time())
                    FROM pg_catalog.pg_stat_bgwriter b, pg_catalog.pg_stat_archiver a) AS s (since)
CROSS JOIN LATERAL (SELECT 100 * d.blks_hit::float8 / nullif(d.blks_hit + d.blks_read, 0)) AS r (percent)
WHERE d.datname = pg_catalog.current_database() AND d.blks_read >= $2::float8 AND r.percent < $1::float8;
