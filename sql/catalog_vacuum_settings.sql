-- SPDX-License-Identifier: Apache-2.0
-- When autovacuum works on a table, unless the table says otherwise.
-- $1 text: the role that will do the work, NULL for the session's own
SELECT pg_catalog.current_setting('server_version_num')::int AS server_version,
       worker.rolname AS role,
       pg_catalog.current_setting('autovacuum_vacuum_threshold') AS vacuum_threshold,
       pg_catalog.current_setting('autovacuum_vacuum_scale_factor') AS vacuum_scale_factor,
       coalesce(pg_catalog.current_setting('autovacuum_vacuum_max_threshold', true), '-1') AS vacuum_max_threshold,
       pg_catalog.current_setting('autovacuum_vacuum_insert_threshold') AS insert_threshold,
       pg_catalog.current_setting('autovacuum_vacuum_insert_scale_factor') AS insert_scale_factor,
       pg_catalog.current_setting('autovacuum_analyze_threshold') AS analyze_threshold,
       pg_catalog.current_setting('autovacuum_analyze_scale_factor') AS analyze_scale_factor,
       pg_catalog.current_setting('autovacuum_freeze_max_age') AS freeze_max_age,
       pg_catalog.current_setting('autovacuum_multixact_freeze_max_age') AS multixact_freeze_max_age,
       pg_catalog.current_setting('track_counts')::bool AS track_counts,
       pg_catalog.current_setting('autovacuum')::bool AS autovacuum
FROM pg_catalog.pg_roles worker
WHERE worker.rolname = coalesce($1::name, current_user);
