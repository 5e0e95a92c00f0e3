-- SPDX-License-Identifier: Apache-2.0
-- How much this database writes into temporary files. Its counters go back to stats_reset; from 15 on that is null until somebody resets
-- them, and then they go back to when the server last began all statistics anew.
-- $1: GB a day that are a finding; less than a day counts as one.
SELECT pg_catalog.format('database %I', d.datname) AS object,
       pg_catalog.format('%s in %s temporary files since %s', pg_catalog.pg_size_pretty(d.temp_bytes), d.temp_files,
                         pg_catalog.to_char(s.since AT TIME ZONE 'UTC', 'YYYY-MM-DD')) AS message,
       r.gb_a_day AS value, NULL::text AS fix, NULL::text AS severity, NULL::text AS needs
FROM pg_catalog.pg_stat_database d
CROSS JOIN LATERAL (SELECT coalesce(d.stats_reset, least(b.stats_reset, a.stats_reset), pg_catalog.pg_postmaster_start_time())
                    FROM pg_catalog.pg_stat_bgwriter b, pg_catalog.pg_stat_archiver a) AS s (since)
CROSS JOIN LATERAL (SELECT d.temp_bytes::float8 / 1073741824
                           / greatest(extract(epoch FROM pg_catalog.clock_timestamp() - s.since)::float8 / 86400, 1)) AS r (gb_a_day)
WHERE d.datname = pg_catalog.current_database() AND r.gb_a_day >= $1::float8;
