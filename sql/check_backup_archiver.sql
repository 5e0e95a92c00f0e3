-- SPDX-License-Identifier: Apache-2.0
-- Whether the last attempt to archive WAL failed.
SELECT 'archiver' AS object,
       pg_catalog.format('archiving %s failed %s ago, %s', a.last_failed_wal,
                         pg_catalog.date_trunc('second', pg_catalog.clock_timestamp() - a.last_failed_time),
                         coalesce('the last success was ' || pg_catalog.date_trunc('second',
                                                                                   pg_catalog.clock_timestamp() - a.last_archived_time)
                                  || ' ago', 'and it never succeeded')) AS message,
       a.failed_count::float8 AS value, NULL::text AS fix, NULL::text AS severity, NULL::text AS needs
FROM pg_catalog.pg_stat_archiver a
WHERE pg_catalog.current_setting('archive_mode') <> 'off'
  AND a.last_failed_time > coalesce(a.last_archived_time, '-infinity');
