-- SPDX-License-Identifier: Apache-2.0
-- Whom CREATE INDEX, REINDEX and DETACH PARTITION ... CONCURRENTLY would wait for: transactions of this database that have a snapshot
-- or a number, and are older than a moment. A role that may not see what others do does not see them. Vacuum is not waited for.
-- $1 seconds. Runs under the work's search_path, hence the qualified operators.
SELECT a.pid, NULL AS prepared, a.application_name AS application, a.usename AS username, a.state,
       pg_catalog.to_char(a.xact_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS since, a.query
  FROM pg_catalog.pg_stat_activity a
 WHERE a.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()
   AND a.pid OPERATOR(pg_catalog.<>) pg_catalog.pg_backend_pid()
   AND (a.backend_xmin IS NOT NULL OR a.backend_xid IS NOT NULL)
   AND a.backend_type OPERATOR(pg_catalog.<>) 'autovacuum worker'
   AND a.xact_start OPERATOR(pg_catalog.<)
       (pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) pg_catalog.make_interval(secs => $1::double precision))
UNION ALL
SELECT NULL, p.gid, '', '', 'prepared',
       pg_catalog.to_char(p.prepared AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), ''
  FROM pg_catalog.pg_prepared_xacts p
 WHERE p.database OPERATOR(pg_catalog.=) pg_catalog.current_database()
   AND p.prepared OPERATOR(pg_catalog.<)
       (pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) pg_catalog.make_interval(secs => $1::double precision))
 ORDER BY 6;
