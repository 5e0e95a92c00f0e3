-- SPDX-License-Identifier: Apache-2.0
-- Connections that are open, of those that may be: of ordinary roles to the whole server, and where a database or a role has a limit of
-- its own. A role that may not see what other sessions are counts the workers of parallel queries, too.
-- $1, $2: percent that are a warning, an error.
WITH open AS MATERIALIZED (
    SELECT a.datid, a.usesysid FROM pg_catalog.pg_stat_activity a
    WHERE a.backend_type = 'client backend' OR a.backend_type IS NULL AND a.datid IS NOT NULL AND a.usesysid IS NOT NULL
),
usage (object, used, most, fix) AS (
    SELECT 'max_connections', (SELECT pg_catalog.count(*) FROM open),
           -- Reserved ones are closed to ordinary roles; reserved_connections exists from 16 on.
           pg_catalog.current_setting('max_connections')::bigint
           - pg_catalog.current_setting('superuser_reserved_connections')::bigint
           - coalesce(pg_catalog.current_setting('reserved_connections', true)::bigint, 0), NULL
    UNION ALL
    SELECT pg_catalog.format('database %I', d.datname),
           (SELECT pg_catalog.count(*) FROM open o WHERE o.datid = d.oid), d.datconnlimit,
           pg_catalog.format('ALTER DATABASE %I CONNECTION LIMIT %s', d.datname, 2 * d.datconnlimit)
    FROM pg_catalog.pg_database d WHERE d.datconnlimit > 0
    UNION ALL
    SELECT pg_catalog.format('role %I', r.rolname),
           (SELECT pg_catalog.count(*) FROM open o WHERE o.usesysid = r.oid), r.rolconnlimit,
           pg_catalog.format('ALTER ROLE %I CONNECTION LIMIT %s', r.rolname, 2 * r.rolconnlimit)
    FROM pg_catalog.pg_roles r WHERE r.rolconnlimit > 0 AND NOT r.rolsuper
)
SELECT u.object::text AS object,
       pg_catalog.format('%s of %s connections are in use (%s %%)', u.used, u.most,
                         pg_catalog.round(100.0 * u.used / u.most, 1)) AS message,
       100 * u.used::float8 / u.most AS value, u.fix::text AS fix,
       CASE WHEN 100 * u.used::float8 / u.most >= $2::float8 THEN 'error' ELSE 'warning' END AS severity,
       NULL::text AS needs
FROM usage u
WHERE u.most > 0 AND 100 * u.used::float8 / u.most >= least($1::float8, $2::float8)
ORDER BY 3 DESC, 1;
