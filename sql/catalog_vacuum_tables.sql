-- SPDX-License-Identifier: Apache-2.0
-- What VACUUM and ANALYZE may be needed for.
-- $1 oid[]: these relations and all partitions below them; NULL: every relation that may be due;
-- $2 text: the role that will do the work, NULL for the session's own
WITH RECURSIVE tree (oid) AS (
    SELECT pg_catalog.unnest($1::oid[])
    UNION
    SELECT i.inhrelid FROM tree JOIN pg_catalog.pg_inherits i ON i.inhparent = tree.oid
    JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid AND c.relispartition
),
wanted AS (
    SELECT c.oid, c.relname, c.relnamespace, c.relkind, c.relispartition, c.relisshared, c.relowner, c.reltoastrelid,
           c.reloptions, c.reltuples, c.relpages, c.relfrozenxid, c.relminmxid, c.relhassubclass,
           -- The column relallfrozen exists from 18 on.
           CASE WHEN pg_catalog.current_setting('server_version_num')::int >= 180000
                THEN pg_catalog.to_jsonb(c) ->> 'relallfrozen' ELSE '0' END AS frozen_pages
    FROM pg_catalog.pg_class c
    WHERE c.relkind IN ('r', 'm', 'p') AND c.relpersistence <> 't'
      AND CASE WHEN $1::oid[] IS NOT NULL THEN c.oid IN (SELECT oid FROM tree)
               ELSE c.relkind = 'p'
                    OR pg_catalog.pg_stat_get_dead_tuples(c.oid) > 0
                    OR pg_catalog.pg_stat_get_mod_since_analyze(c.oid) > 0
                    OR pg_catalog.pg_stat_get_ins_since_vacuum(c.oid) > 0
                    OR pg_catalog.pg_stat_get_dead_tuples(c.reltoastrelid) > 0
                    OR pg_catalog.pg_stat_get_ins_since_vacuum(c.reltoastrelid) > 0
                    OR pg_catalog.age(c.relfrozenxid)
                       > least(50000000, pg_catalog.current_setting('autovacuum_freeze_max_age')::int)
                    OR pg_catalog.mxid_age(c.relminmxid)
                       > least(50000000, pg_catalog.current_setting('autovacuum_multixact_freeze_max_age')::int)
                    -- Its own limit may be lower.
                    OR pg_catalog.array_to_string(c.reloptions, ',') LIKE '%freeze\_max\_age=%'
                    -- A partition that was analyzed makes its parent due.
                    OR c.relispartition
          END
)
SELECT w.oid, n.nspname AS schema, w.relname AS name, w.relkind AS kind,
       -- One whose detach did not end leaves: nothing is declared for it any more.
       (SELECT i.inhparent FROM pg_catalog.pg_inherits i
        WHERE i.inhrelid = w.oid AND w.relispartition AND NOT i.inhdetachpending) AS parent,
       n.nspname IN ('pg_catalog', 'information_schema') AS system,
       w.relkind = 'r' AND w.relhassubclass AS inherited,
       w.reltuples, w.relpages AS pages, w.frozen_pages,
       pg_catalog.pg_stat_get_dead_tuples(w.oid) AS dead,
       pg_catalog.pg_stat_get_mod_since_analyze(w.oid) AS modified,
       pg_catalog.pg_stat_get_ins_since_vacuum(w.oid) AS inserted,
       t.relname AS toast, t.reltuples AS toast_reltuples, t.relpages AS toast_pages,
       CASE WHEN pg_catalog.current_setting('server_version_num')::int >= 180000
            THEN pg_catalog.to_jsonb(t) ->> 'relallfrozen' ELSE '0' END AS toast_frozen_pages,
       pg_catalog.pg_stat_get_dead_tuples(t.oid) AS toast_dead,
       pg_catalog.pg_stat_get_ins_since_vacuum(t.oid) AS toast_inserted,
       -- 2147483647 stands for "has none".
       CASE WHEN w.relkind = 'p' THEN 0 ELSE greatest(pg_catalog.age(w.relfrozenxid), pg_catalog.age(t.relfrozenxid)) END AS age,
       CASE WHEN w.relkind = 'p' THEN 0
            ELSE greatest(pg_catalog.mxid_age(w.relminmxid), pg_catalog.mxid_age(t.relminmxid)) END AS multixact_age,
       (extract(epoch FROM greatest(pg_catalog.pg_stat_get_last_vacuum_time(w.oid),
                                    pg_catalog.pg_stat_get_last_autovacuum_time(w.oid))) * 1000000)::bigint AS last_vacuum,
       (extract(epoch FROM greatest(pg_catalog.pg_stat_get_last_analyze_time(w.oid),
                                    pg_catalog.pg_stat_get_last_autoanalyze_time(w.oid))) * 1000000)::bigint AS last_analyze,
       (extract(epoch FROM pg_catalog.pg_stat_get_last_autovacuum_time(w.oid)) * 1000000)::bigint AS last_autovacuum,
       (extract(epoch FROM pg_catalog.pg_stat_get_last_autoanalyze_time(w.oid)) * 1000000)::bigint AS last_autoanalyze,
       ARRAY(SELECT o FROM pg_catalog.unnest(w.reloptions) o
             UNION ALL SELECT 'toast.' || o FROM pg_catalog.unnest(t.reloptions) o) AS options,
       pg_catalog.pg_has_role(worker.oid, w.relowner, 'USAGE')
       OR NOT w.relisshared AND pg_catalog.pg_has_role(worker.oid, d.datdba, 'USAGE')
       -- The privilege MAINTAIN exists from 17 on; before, its name is an error.
       OR CASE WHEN pg_catalog.current_setting('server_version_num')::int >= 170000
               THEN pg_catalog.has_table_privilege(worker.oid, w.oid, 'MAINTAIN') ELSE false END AS may,
       pg_catalog.pg_has_role(worker.oid, w.relowner, 'USAGE') AS may_alter,
       owner.rolname AS owner, owner.rolsuper AS owner_is_superuser
FROM wanted w
JOIN pg_catalog.pg_namespace n ON n.oid = w.relnamespace
JOIN pg_catalog.pg_roles owner ON owner.oid = w.relowner
JOIN pg_catalog.pg_roles worker ON worker.rolname = coalesce($2::name, current_user)
JOIN pg_catalog.pg_database d ON d.datname = pg_catalog.current_database()
LEFT JOIN pg_catalog.pg_class t ON t.oid = w.reltoastrelid
ORDER BY w.oid;
