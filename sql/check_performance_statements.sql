-- SPDX-License-Identifier: Apache-2.0
-- Whether this database can tell which statements cost its time.
SELECT 'pg_stat_statements' AS object,
       CASE WHEN e.oid IS NOT NULL THEN 'is installed, but not in shared_preload_libraries: it counts nothing'
            WHEN l.loaded THEN 'is loaded, but not installed in this database'
            ELSE 'is not installed: nothing tells which statements cost the time' END AS message,
       NULL::float8 AS value,
       CASE WHEN e.oid IS NULL AND l.loaded THEN 'CREATE EXTENSION pg_stat_statements' END AS fix,
       NULL::text AS severity, NULL::text AS needs
FROM (SELECT pg_catalog.current_setting('pg_stat_statements.max', true) IS NOT NULL) AS l (loaded)
LEFT JOIN pg_catalog.pg_extension e ON e.extname = 'pg_stat_statements'
WHERE e.oid IS NULL OR NOT l.loaded;
