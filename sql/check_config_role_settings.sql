-- SPDX-License-Identifier: Apache-2.0
-- Settings that ALTER ROLE or ALTER DATABASE gives to the sessions of this role here, and that change what jobs do.
WITH given AS (
    SELECT r.setrole, r.setdatabase, pg_catalog.split_part(c, '=', 1) AS name, pg_catalog.substr(c, pg_catalog.strpos(c, '=') + 1) AS value
    FROM pg_catalog.pg_db_role_setting r
    CROSS JOIN LATERAL pg_catalog.unnest(r.setconfig) c
    WHERE (r.setrole = 0 OR r.setrole = (SELECT o.oid FROM pg_catalog.pg_roles o WHERE o.rolname = session_user))
      AND (r.setdatabase = 0 OR r.setdatabase = (SELECT d.oid FROM pg_catalog.pg_database d
                                                 WHERE d.datname = pg_catalog.current_database()))
), judged AS (
    SELECT g.*,
           CASE WHEN g.name = 'session_replication_role' AND pg_catalog.lower(g.value) <> 'origin'
                    THEN 'triggers and foreign keys do not work for the rows that jobs change'
                WHEN g.name = 'role' AND pg_catalog.lower(g.value) <> 'none' THEN 'jobs without role: work as that role'
                WHEN g.name = 'statement_timeout' AND g.value ~ '^[0-9]+ *(us|ms|s)?$'
                     AND CASE WHEN g.value ~ '^[0-9]+$' THEN g.value || 'ms' ELSE g.value END::interval
                         BETWEEN interval '1us' AND interval '999ms'
                    THEN 'sessions end before they can begin' END AS why
    FROM given g
)
SELECT pg_catalog.format('%s', j.name) AS object,
       pg_catalog.format('is %s for %s%s: %s', j.value,
                         CASE WHEN j.setrole = 0 THEN 'every role' ELSE pg_catalog.format('role %I', session_user) END,
                         CASE WHEN j.setdatabase = 0 THEN '' ELSE ' in this database' END, j.why) AS message,
       NULL::float8 AS value,
       CASE WHEN j.setrole = 0 THEN pg_catalog.format('ALTER DATABASE %I RESET %I', pg_catalog.current_database(), j.name)
            ELSE pg_catalog.format('ALTER ROLE %I%s RESET %I', session_user,
                                   CASE WHEN j.setdatabase = 0 THEN ''
                                        ELSE pg_catalog.format(' IN DATABASE %I', pg_catalog.current_database()) END, j.name) END AS fix,
       NULL::text AS severity, NULL::text AS needs
FROM judged j
WHERE j.why IS NOT NULL
ORDER BY 1, 2;
