-- SPDX-License-Identifier: Apache-2.0
-- Indexes that CREATE INDEX or REINDEX CONCURRENTLY left invalid when it was ended: they cost each write, and serve nobody. Not
-- those that are being built right now, nor those of partitioned tables, which wait for their partitions' indexes.
SELECT n.nspname AS schema, c.relname AS name
  FROM pg_catalog.pg_index i
  JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE NOT i.indisvalid AND c.relkind = 'i'
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_progress_create_index p
                    WHERE p.datname = pg_catalog.current_database() AND p.relid = i.indrelid)
 ORDER BY n.nspname, c.relname;
