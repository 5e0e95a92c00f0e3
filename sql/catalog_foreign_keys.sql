-- SPDX-License-Identifier: Apache-2.0
-- Foreign keys of all tables but the system's and pgtend's own; of a partitioned table once, not again for each partition. And
-- since when the server counts how often indexes are used: a database's counters have no time of their own until somebody resets
-- them, but those of the whole server, which a crash resets too, have one. Null where nothing is counted.
-- $1 oid[]: of these tables; NULL: of all
SELECT s.stats_reset, k.*
FROM (SELECT CASE WHEN pg_catalog.current_setting('track_counts') = 'on'
                  THEN (extract(epoch FROM greatest(d.stats_reset, w.stats_reset)) * 1000000)::bigint END AS stats_reset
      FROM pg_catalog.pg_stat_database d CROSS JOIN pg_catalog.pg_stat_bgwriter w
      WHERE d.datname = pg_catalog.current_database()) s
LEFT JOIN (
    SELECT con.conname AS name, con.conrelid AS table_oid, n.nspname AS table_schema, t.relname AS table_name,
           pg_catalog.array_to_string(con.conkey, ' ') AS columns,
           ARRAY(SELECT a.attname FROM pg_catalog.unnest(con.conkey) WITH ORDINALITY AS u (number, place)
                 JOIN pg_catalog.pg_attribute a ON a.attrelid = con.conrelid AND a.attnum = u.number
                 ORDER BY u.place) AS column_names
    FROM pg_catalog.pg_constraint con
    JOIN pg_catalog.pg_class t ON t.oid = con.conrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
    WHERE con.contype = 'f' AND con.conparentid = 0
      AND CASE WHEN $1::oid[] IS NOT NULL THEN con.conrelid = ANY ($1::oid[])
               ELSE n.nspname NOT IN ('information_schema', 'pgtend') AND n.nspname NOT LIKE 'pg\_%' END
) k ON true
ORDER BY k.table_schema, k.table_name, k.name;
