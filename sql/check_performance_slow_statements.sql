-- SPDX-License-Identifier: Apache-2.0
-- The 20 statements of this database that took most of its time, of those that are slow on the average, as pg_stat_statements counts them.
-- A query that names its view is refused where it is not installed, therefore it stands in a text, which ts_stat runs; each statement comes
-- as one word. Others than queries are left out: their text may hold a password.
-- $1: milliseconds on the average; $2: calls that it takes.
WITH extension AS MATERIALIZED (
    SELECT n.nspname,
           pg_catalog.current_setting('pg_stat_statements.max', true) IS NOT NULL AS is_loaded,
           coalesce(pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(c.oid, 'SELECT'), false) AS is_open
    FROM (SELECT) one
    LEFT JOIN pg_catalog.pg_extension e ON e.extname = 'pg_stat_statements'
    LEFT JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
    LEFT JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = 'pg_stat_statements'
), said AS MATERIALIZED (
    SELECT s.word::json AS of
    FROM (SELECT pg_catalog.format($query$
              SELECT pg_catalog.array_to_tsvector(ARRAY[pg_catalog.json_build_array(
                         s.queryid, s.mean, s.calls, s.total, r.rolname, pg_catalog.left(s.text, 150))::text])
              FROM (SELECT j ->> 'queryid' AS queryid, (j ->> 'userid')::oid AS userid, (j ->> 'calls')::float8 AS calls,
                           -- The names up to version 1.7 of the extension.
                           coalesce(j ->> 'mean_exec_time', j ->> 'mean_time')::float8 AS mean,
                           coalesce(j ->> 'total_exec_time', j ->> 'total_time')::float8 AS total,
                           pg_catalog.btrim(pg_catalog.regexp_replace(pg_catalog.regexp_replace(
                               j ->> 'query', '/[*]([^*]|[*][^/])*[*]/|--[^\n]*', ' ', 'g'), '\s+', ' ', 'g')) AS text
                    FROM (SELECT pg_catalog.to_jsonb(p) FROM %1$I.pg_stat_statements p
                          JOIN pg_catalog.pg_database d ON d.oid = p.dbid AND d.datname = pg_catalog.current_database()) AS p (j)) s
              JOIN pg_catalog.pg_roles r ON r.oid = s.userid
              WHERE s.queryid IS NOT NULL AND s.mean >= %2$s AND s.calls >= %3$s
                AND s.text ~* '^[(]*(SELECT|WITH|INSERT|UPDATE|DELETE|MERGE|VALUES|TABLE)\M'
              ORDER BY s.total DESC LIMIT 20$query$, e.nspname, $1::float8, $2::float8)
          FROM extension e WHERE e.is_loaded AND e.is_open) AS q (query)
    CROSS JOIN LATERAL pg_catalog.ts_stat(q.query) s
)
SELECT 'statement ' || (s.of ->> 0) AS object,
       pg_catalog.format('%s ms on the average of %s calls as %I, %s s in all: %s', pg_catalog.round((s.of ->> 1)::numeric, 1),
                         pg_catalog.to_char((s.of ->> 2)::float8, 'FM999,999,999,990'), s.of ->> 4,
                         pg_catalog.to_char((s.of ->> 3)::float8 / 1000, 'FM999,999,999,990'), s.of ->> 5) AS message,
       (s.of ->> 1)::float8 AS value, NULL::text AS fix, NULL::text AS severity, NULL::text AS needs
FROM said s
UNION ALL
SELECT 'pg_stat_statements', 'statements are not counted', NULL, NULL, NULL, 'pg_stat_statements'
FROM extension e WHERE e.nspname IS NULL OR NOT e.is_loaded
UNION ALL
SELECT 'pg_stat_statements', 'it may not be read', NULL, NULL, NULL,
       pg_catalog.format('USAGE on schema %I, and SELECT on its pg_stat_statements', e.nspname)
FROM extension e WHERE e.is_loaded AND e.nspname IS NOT NULL AND NOT e.is_open
UNION ALL
SELECT 'pg_stat_statements', 'statements of other roles cannot be seen', NULL, NULL, NULL, 'pg_read_all_stats'
FROM extension e WHERE e.is_loaded AND e.is_open AND NOT pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE')
ORDER BY 3 DESC NULLS LAST, 1;
