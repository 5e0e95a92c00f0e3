-- SPDX-License-Identifier: Apache-2.0
-- Indexes as the server knows them. Needs no right on them. Takes ACCESS SHARE on their tables, one after the other and for a moment,
-- because pg_get_indexdef() does.
-- $1 oid[]: of these tables; NULL: of all but the system's, temporary ones and pgtend's own; $2 bool: leave out the definitions of
-- tables on which somebody holds or awaits an ACCESS EXCLUSIVE lock, which would be waited for; locked_by then tells who; $3 bool: print
-- only what comparing the indexes of a table may need, which are those with a condition, and those that begin with the same column as
-- another one; printing 20,000 indexes takes 0.4 s; $4 oid[], $5 name[]: NULL, or leave out what is attached to another index, but for
-- the indexes of the tables $4 and what is attached, at any depth, to those of them that are called $5, or to an index that could be
-- attached itself
-- is_printed: definition and expressions are told.
-- definition: what pg_get_indexdef says from USING on, under an empty search_path with all names qualified. expressions: each key
-- as text, where one is an expression. building: somebody builds an index of this table now; role and database decide whether
-- that can be seen. working: somebody, perhaps VACUUM, holds the lock of such a build.
WITH RECURSIVE shown AS MATERIALIZED (
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
), siblings AS MATERIALIZED (
    SELECT i.indrelid, i.indkey[0] AS first
    FROM pg_catalog.pg_index i WHERE $3::bool GROUP BY i.indrelid, i.indkey[0] HAVING pg_catalog.count(*) > 1
), family (oid) AS (
    SELECT i.indexrelid
    FROM shown s
    JOIN pg_catalog.pg_index i ON i.indrelid = s.oid
    JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
    WHERE s.relkind = 'p' AND $4::oid[] IS NOT NULL
      AND CASE WHEN s.oid = ANY ($4::oid[]) THEN c.relname = ANY ($5::name[]) ELSE NOT c.relispartition END
    UNION
    SELECT h.inhrelid FROM family JOIN pg_catalog.pg_inherits h ON h.inhparent = family.oid
), found AS MATERIALIZED (
    SELECT s.nspname, s.relname AS table_name, s.relkind AS table_kind, c.relname, c.relkind, c.relnamespace, c.relam, c.reltablespace,
           c.relpages, c.reloptions, i.indexrelid, i.indrelid, i.indisunique, i.indisvalid, i.indislive, i.indimmediate, i.indisexclusion,
           i.indisreplident, i.indisclustered, i.indnkeyatts, i.indkey, i.indclass, i.indcollation, i.indoption,
           i.indexprs IS NOT NULL AS has_expressions, i.indpred IS NOT NULL AS is_partial, h.inhparent, locked.by AS locked_by,
           locked.oid IS NULL AND (NOT $3::bool OR i.indpred IS NOT NULL OR b.first IS NOT NULL) AS is_printed
    FROM shown s
    JOIN pg_catalog.pg_index i ON i.indrelid = s.oid
    JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
    LEFT JOIN siblings b ON b.indrelid = i.indrelid AND b.first = i.indkey[0]
    LEFT JOIN pg_catalog.pg_inherits h ON h.inhrelid = i.indexrelid
    LEFT JOIN locked ON locked.oid = s.oid
    WHERE $4::oid[] IS NULL OR NOT c.relispartition OR s.oid = ANY ($4::oid[])
       OR i.indexrelid IN (SELECT family.oid FROM family)
), alike AS MATERIALIZED (
    -- What is attached to one partitioned index has its columns, expressions and condition: it is printed alike when operator classes,
    -- order and parameters are the same too. One of them is printed for all.
    SELECT f.indexrelid,
           min(f.indexrelid) OVER (PARTITION BY coalesce(f.inhparent, f.indexrelid), f.indclass, f.indcollation, f.indoption::text,
               f.reloptions, CASE WHEN f.inhparent IS NOT NULL OR f.relkind = 'I' THEN
                   (SELECT pg_catalog.string_agg(a.attnum || ' ' || a.attoptions::text, ' ' ORDER BY a.attnum)
                    FROM pg_catalog.pg_attribute a WHERE a.attrelid = f.indexrelid AND a.attoptions IS NOT NULL) END) AS one
    FROM found f WHERE f.is_printed
), printed AS MATERIALIZED (
    SELECT f.indexrelid,
           pg_catalog.substr(pg_catalog.pg_get_indexdef(f.indexrelid), pg_catalog.length(
               pg_catalog.format('CREATE %sINDEX %I ON %s%s.%I ', CASE WHEN f.indisunique THEN 'UNIQUE ' ELSE '' END, f.relname,
                   CASE WHEN f.relkind = 'I' THEN 'ONLY ' ELSE '' END,
                   CASE WHEN f.relnamespace = pg_catalog.pg_my_temp_schema() THEN 'pg_temp'
                        ELSE pg_catalog.quote_ident(f.nspname) END, f.table_name)) + 1) AS definition,
           CASE WHEN f.has_expressions THEN
               ARRAY(SELECT pg_catalog.pg_get_indexdef(f.indexrelid, k, false)
                     FROM pg_catalog.generate_series(1, f.indnkeyatts) k) END AS expressions
    FROM found f WHERE f.indexrelid IN (SELECT a.one FROM alike a)
)
SELECT f.indexrelid AS oid, cn.nspname AS schema, f.relname AS name, f.relkind AS kind,
       f.indrelid AS table_oid, f.nspname AS table_schema, f.table_name, f.table_kind, f.inhparent AS parent,
       f.is_printed, p.definition, f.locked_by, am.amname AS method, f.indisunique AS is_unique, f.indisvalid AS is_valid, f.indislive AS is_live,
       f.indimmediate AS is_immediate, f.indisexclusion AS is_exclusion,
       f.indisreplident AS is_replica_identity, f.indisclustered AS is_clustered,
       f.indnkeyatts AS key_columns, f.indkey::text AS columns, f.indclass::text AS classes,
       f.indcollation::text AS collations, f.indoption::text AS options, p.expressions, f.is_partial,
       coalesce(sp.spcname, (SELECT ds.spcname FROM pg_catalog.pg_database d
                             JOIN pg_catalog.pg_tablespace ds ON ds.oid = d.dattablespace
                             WHERE d.datname = pg_catalog.current_database())) AS tablespace,
       f.relpages AS pages, pg_catalog.pg_stat_get_numscans(f.indexrelid) AS scans,
       con.backed AS constraint_name, con.referred AS referring_name,
       b.relid IS NOT NULL AS building,
       CASE WHEN f.indisvalid THEN false
            ELSE EXISTS (SELECT FROM pg_catalog.pg_locks l
                         WHERE l.relation = f.indrelid AND l.mode = 'ShareUpdateExclusiveLock' AND l.granted
                           AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d
                                             WHERE d.datname = pg_catalog.current_database())) END AS working
FROM found f
LEFT JOIN alike a ON a.indexrelid = f.indexrelid
LEFT JOIN printed p ON p.indexrelid = a.one
JOIN pg_catalog.pg_namespace cn ON cn.oid = f.relnamespace
JOIN pg_catalog.pg_am am ON am.oid = f.relam
LEFT JOIN pg_catalog.pg_tablespace sp ON sp.oid = f.reltablespace
LEFT JOIN constraints con ON con.conindid = f.indexrelid
LEFT JOIN builds b ON b.relid = f.indrelid
ORDER BY f.nspname, f.table_name, f.relname;
