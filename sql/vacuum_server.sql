-- SPDX-License-Identifier: Apache-2.0
-- What vacuum goes by on this server, and how much of it the session's role may see.
SELECT pg_catalog.current_setting('autovacuum')::bool AS autovacuum,
       pg_catalog.current_setting('autovacuum_max_workers')::int AS max_workers,
       pg_catalog.current_setting('vacuum_failsafe_age')::bigint AS failsafe_age,
       pg_catalog.current_setting('vacuum_multixact_failsafe_age')::bigint AS multixact_failsafe_age,
       pg_catalog.pg_is_in_recovery() AS standby,
       current_user AS role,
       pg_catalog.current_database() AS database,
       -- The server compares the same way: a superuser, or a member that inherits.
       pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE') AS sees_all,
       -- Who is in a database, or sends to a standby: the server's own processes hold nothing.
       (SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_activity a
        WHERE a.backend_type IS NULL AND a.usesysid IS NOT NULL AND NOT pg_catalog.pg_has_role(a.usesysid, 'USAGE')
          AND (a.datid IS NOT NULL OR a.pid IN (SELECT r.pid FROM pg_catalog.pg_stat_replication r))) AS hidden;
