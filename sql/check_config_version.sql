-- SPDX-License-Identifier: Apache-2.0
-- Whether the server's major version still gets fixes: until when is PostgreSQL's table of versions.
-- $1: days before the end that are a warning; past it, it is an error.
SELECT 'PostgreSQL ' || e.major AS object,
       pg_catalog.format(CASE WHEN e.until < pg_catalog.now()::date THEN 'gets no fixes since %s' ELSE 'gets no fixes after %s' END,
                         pg_catalog.to_char(e.until, 'YYYY-MM-DD')) AS message,
       (e.until - pg_catalog.now()::date)::float8 AS value, NULL::text AS fix,
       CASE WHEN e.until < pg_catalog.now()::date THEN 'error' ELSE 'warning' END AS severity, NULL::text AS needs
FROM (VALUES (14, '2026-11-12'::date), (15, '2027-11-11'), (16, '2028-11-09'), (17, '2029-11-08'), (18, '2030-11-14')) AS e (major, until)
WHERE e.major = pg_catalog.current_setting('server_version_num')::int / 10000 AND e.until - pg_catalog.now()::date < $1::float8;
