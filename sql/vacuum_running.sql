-- SPDX-License-Identifier: Apache-2.0
-- Vacuums that run now, by hand and by autovacuum, in all databases. Of other roles' work a role without pg_read_all_stats sees no more
-- than that it is there. Columns that not every version has are read by way of JSON: up to 16 dead rows are counted, from 17 on bytes.
SELECT p.pid, p.datname AS database, p.relid AS oid, n.nspname AS schema, c.relname AS name, p.command, p.phase,
       p.blocks, p.scanned, p.vacuumed, p.index_rounds, p.indexes, p.indexes_done, p.memory_used,
       a.backend_type = 'autovacuum worker' AS autovacuum,
       a.query LIKE '%(to prevent wraparound)' AS against_wraparound,
       (extract(epoch FROM a.xact_start) * 1000000)::bigint AS started, a.usename AS username
FROM (SELECT v.pid, v.datname, v.relid, 'VACUUM' AS command, v.phase, v.heap_blks_total AS blocks, v.heap_blks_scanned AS scanned,
             v.heap_blks_vacuumed AS vacuumed, v.index_vacuum_count AS index_rounds,
             (j.v ->> 'indexes_total')::bigint AS indexes, (j.v ->> 'indexes_processed')::bigint AS indexes_done,
             coalesce((j.v ->> 'dead_tuple_bytes')::float8 / nullif((j.v ->> 'max_dead_tuple_bytes')::float8, 0),
                      (j.v ->> 'num_dead_tuples')::float8 / nullif((j.v ->> 'max_dead_tuples')::float8, 0)) AS memory_used
      FROM pg_catalog.pg_stat_progress_vacuum v
      CROSS JOIN LATERAL (SELECT pg_catalog.to_jsonb(v)) AS j (v)
      UNION ALL
      SELECT f.pid, f.datname, f.relid, f.command, f.phase, f.heap_blks_total, f.heap_blks_scanned, NULL, NULL, NULL, NULL, NULL
      FROM pg_catalog.pg_stat_progress_cluster f
      WHERE f.command = 'VACUUM FULL') p
LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = p.pid
LEFT JOIN pg_catalog.pg_class c ON c.oid = p.relid AND p.datname = pg_catalog.current_database()
LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
ORDER BY a.xact_start NULLS LAST, p.pid;
