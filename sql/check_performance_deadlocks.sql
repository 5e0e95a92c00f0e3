-- SPDX-License-Identifier: Apache-2.0
-- Deadlocks in this database. The counters go back to stats_reset, or, from 15 on, when that is null, to when the server last began all
-- statistics anew.
SELECT pg_catalog.format('database %I', d.datname) AS object,
       pg_catalog.format('deadlocks since %s: %s, or %s a day', pg_catalog.to_char(s.since AT TIME ZONE 'UTC', 'YYYY-MM-DD'), d.deadlocks,
                         pg_catalog.round(r.a_day::numeric, 2)) AS message,
       r.a_day AS value, NULL::text AS fix, NULL::text AS severity, NULL::text AS needs
FROM pg_catalog.pg_stat_database d
CROSS JOIN LATERAL (SELECT coalesce(d.stats_reset, least(b.stats_reset, a.stats_reset), pg_catalog.pg_postmaster_start_time())
                    FROM pg_catalog.pg_stat_bgwriter b, pg_catalog.pg_stat_archiver a) AS s (since)
CROSS JOIN LATERAL (SELECT d.deadlocks / greatest(extract(epoch FROM pg_catalog.clock_timestamp() - s.since)::float8 / 86400,
                                                  1)) AS r (a_day)
WHERE d.datname = pg_catalog.current_database() AND d.deadlocks > 0;
