-- SPDX-License-Identifier: Apache-2.0
-- Whether the server's lock table has room for the largest partitioned table: a statement that prunes nothing, or DROP, locks each of its
-- partitions and their indexes.
-- $1: percent of the lock table that are a finding.
WITH RECURSIVE tree (root, oid) AS (
    SELECT c.oid, c.oid FROM pg_catalog.pg_class c WHERE c.relkind = 'p' AND NOT c.relispartition
    UNION ALL
    SELECT t.root, i.inhrelid FROM tree t JOIN pg_catalog.pg_inherits i ON i.inhparent = t.oid
),
largest AS (
    SELECT t.root, pg_catalog.count(DISTINCT t.oid) + pg_catalog.count(i.indexrelid) AS locks
    FROM tree t LEFT JOIN pg_catalog.pg_index i ON i.indrelid = t.oid
    GROUP BY t.root ORDER BY 2 DESC LIMIT 1
),
server AS (
    SELECT pg_catalog.current_setting('max_locks_per_transaction')::bigint AS each,
           pg_catalog.current_setting('max_connections')::bigint
           + pg_catalog.current_setting('max_prepared_transactions')::bigint AS sessions
)
SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS object,
       pg_catalog.format('its partitions and indexes take %s locks, %s %% of the %s that the server has for all sessions', l.locks,
                         pg_catalog.round(100.0 * l.locks / (s.each * s.sessions)), s.each * s.sessions) AS message,
       100 * l.locks::float8 / (s.each * s.sessions) AS value,
       -- A third at most, in whole times of what it is.
       pg_catalog.format('ALTER SYSTEM SET max_locks_per_transaction = %s',
                         s.each * pg_catalog.ceil(3.0 * l.locks / (s.each * s.sessions))) AS fix,
       NULL::text AS severity, NULL::text AS needs
FROM largest l CROSS JOIN server s
JOIN pg_catalog.pg_class c ON c.oid = l.root
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE 100 * l.locks::float8 / (s.each * s.sessions) >= $1::float8;
