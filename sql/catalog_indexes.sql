-- SPDX-License-Identifier: Apache-2.0
-- Indexes as the server knows them. Needs no right on them. Takes ACCESS SHARE on their tables, one after the other and for a moment,
-- because pg_get_indexdef() does.
-- $1 oid[]: of these tables; NULL: of all but the system's, temporary ones and pgtend's own; $2 bool: leave out the definitions of
-- tables on which somebody holds or awaits an ACCESS EXCLUSIVE lock, which would be waited for; locked_by then tells who
-- definition: what pg_get_indexdef says from USING on, under an empty search_path with all names qualified. expressions: each key
-- as text, where one is an expression. building: somebody builds an index of this table now; role and database decide whether
-- that can be seen. working: somebody, perhaps VACUUM, holds the lock of such a build.
WITH shown AS MATERIALIZED (
    SELECT c.oid, c.relname, c.relkind, n.nspname
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'm')
      AND CASE WHEN $1::oid[] IS NOT NULL THEN c.oid = ANY ($1::oid[])
               ELSE n.nspname NOT IN ('information_schema', 'pgtend') AND n.nspname NOT LIKE 'pg\_%' END
), constraints AS MATERIALIZED (
    SELECT conindid,
           min(conname) FILTER (WHERE contype IN ('p', 'u', 'x')) AS backed,
           min(conname) FILTER (WHERE contype = 'f') AS referred
    FROM pg_catalog.pg_constraint WHERE conindid <> 0 GROUP BY conindid
), locked AS MATERIALIZED (
    SELECT l.relation AS oid,
           pg_catalog.string_agg(DISTINCT coalesce('pid ' || l.pid, 'a prepared transaction'), ', ') AS by
    FROM pg_catalog.pg_locks l
    WHERE $2::bool AND l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock'
      AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())
    GROUP BY l.relation
), builds AS MATERIALIZED (
    SELECT DISTINCT relid FROM pg_catalog.pg_stat_progress_create_index
    WHERE datname = pg_catalog.current_database() AND relid IS NOT NULL
)
SELECT i.indexrelid AS oid, cn.nspname AS schema, c.relname AS name, c.relkind AS kind,
       i.indrelid AS table_oid, s.nspname AS table_schema, s.relname AS table_name, s.relkind AS table_kind,
       (SELECT h.inhparent FROM pg_catalog.pg_inherits h WHERE h.inhrelid = i.indexrelid) AS parent,
       CASE WHEN locked.oid IS NULL THEN
       pg_catalog.substr(pg_catalog.pg_get_indexdef(i.indexrelid), pg_catalog.length(
           pg_catalog.format('CREATE %sINDEX %I ON %s%s.%I ', CASE WHEN i.indisunique THEN 'UNIQUE ' ELSE '' END, c.relname,
               CASE WHEN c.relkind = 'I' THEN 'ONLY ' ELSE '' END,
               CASE WHEN c.relnamespace = pg_catalog.pg_my_temp_schema() THEN 'pg_temp'
                    ELSE pg_catalog.quote_ident(s.nspname) END, s.relname)) + 1) END AS definition,
       locked.by AS locked_by,
       am.amname AS method, i.indisunique AS is_unique, i.indisvalid AS is_valid, i.indislive AS is_live,
       i.indimmediate AS is_immediate, i.indisexclusion AS is_exclusion,
       i.indisreplident AS is_replica_identity, i.indisclustered AS is_clustered,
       i.indnkeyatts AS key_columns, i.indkey::text AS columns, i.indclass::text AS classes,
       i.indcollation::text AS collations, i.indoption::text AS options,
       CASE WHEN i.indexprs IS NOT NULL AND locked.oid IS NULL
            THEN ARRAY(SELECT pg_catalog.pg_get_indexdef(i.indexrelid, k, false)
                       FROM pg_catalog.generate_series(1, i.indnkeyatts) k) END AS expressions,
       i.indpred IS NOT NULL AS is_partial,
       coalesce(sp.spcname, (SELECT ds.spcname FROM pg_catalog.pg_database d
                             JOIN pg_catalog.pg_tablespace ds ON ds.oid = d.dattablespace
                             WHERE d.datname = pg_catalog.current_database())) AS tablespace,
       c.relpages AS pages, pg_catalog.pg_stat_get_numscans(i.indexrelid) AS scans,
       con.backed AS constraint_name, con.referred AS referring_name,
       b.relid IS NOT NULL AS building,
       CASE WHEN i.indisvalid THEN false
            ELSE EXISTS (SELECT FROM pg_catalog.pg_locks l
                         WHERE l.relation = i.indrelid AND l.mode = 'ShareUpdateExclusiveLock' AND l.granted
                           AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d
                                             WHERE d.datname = pg_catalog.current_database())) END AS working
FROM shown s
JOIN pg_catalog.pg_index i ON i.indrelid = s.oid
JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_namespace cn ON cn.oid = c.relnamespace
JOIN pg_catalog.pg_am am ON am.oid = c.relam
LEFT JOIN pg_catalog.pg_tablespace sp ON sp.oid = c.reltablespace
LEFT JOIN constraints con ON con.conindid = i.indexrelid
LEFT JOIN locked ON locked.oid = s.oid
LEFT JOIN builds b ON b.relid = i.indrelid
ORDER BY s.nspname, s.relname, c.relname;
