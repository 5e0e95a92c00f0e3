-- SPDX-License-Identifier: Apache-2.0
-- B-tree indexes much larger than their entries would need, estimated as check_table_bloat.sql does it for tables: pages and entries as
-- the last VACUUM or ANALYZE told them, widths of columns as ANALYZE saw them. Random inserts alone leave a third of the pages empty. Equal
-- keys share an entry where the server deduplicates them, so that such an index seems fuller than it is.
-- $1: percent without entries that are a finding; $2: bytes without entries that it takes.
WITH large AS MATERIALIZED (
    SELECT c.oid, n.nspname, c.relname, t.oid AS table_oid, tn.nspname AS table_schema, t.relname AS table_name,
           i.indkey, c.relpages::float8 AS pages, c.reltuples::float8 AS entries,
           coalesce((SELECT o.option_value::float8 FROM pg_catalog.pg_options_to_table(c.reloptions) o
                     WHERE o.option_name = 'fillfactor'), 90) / 100 AS fill
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_am m ON m.oid = c.relam AND m.amname = 'btree'
    JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid AND i.indisvalid
    JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
    JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
    WHERE c.relkind = 'i' AND c.relpersistence <> 't' AND c.relpages * pg_catalog.current_setting('block_size')::float8 >= $2::float8
      AND n.nspname <> ALL (ARRAY['pgtend', 'information_schema']) AND n.nspname NOT LIKE 'pg\_%'
), stats AS MATERIALIZED (
    SELECT t.oid, s.attname, s.avg_width::float8 AS width, s.null_frac::float8 AS nulls
    FROM (SELECT l.table_oid AS oid, l.table_schema AS schema, l.table_name AS name FROM large l
          UNION SELECT l.oid, l.nspname, l.relname FROM large l) t -- those of expressions
    CROSS JOIN LATERAL (SELECT p.attname, p.avg_width, p.null_frac FROM pg_catalog.pg_stats p
                        WHERE p.schemaname = t.schema AND p.tablename = t.name AND NOT p.inherited OFFSET 0) s
), columns AS MATERIALIZED (
    SELECT l.oid, s.width, s.nulls,
           CASE WHEN a.attlen < 0 OR pg_catalog.lag(a.attlen) OVER above IS NULL THEN 0
                WHEN pg_catalog.lag(a.attlen) OVER above < 0 OR pg_catalog.lag(s.nulls) OVER above > 0 THEN (b.align - 1) / 2.0
                WHEN pg_catalog.lag(a.attlen) OVER above % b.align = 0 THEN 0
                ELSE b.align - least(b.align, pg_catalog.lag(b.align) OVER above) END AS padding
    FROM large l
    JOIN pg_catalog.pg_attribute a ON a.attrelid = l.oid AND a.attnum > 0
    CROSS JOIN LATERAL (SELECT CASE a.attalign WHEN 'd' THEN 8 WHEN 'i' THEN 4 WHEN 's' THEN 2 ELSE 1 END) AS b (align)
    LEFT JOIN pg_catalog.pg_attribute t ON t.attrelid = l.table_oid AND t.attnum = l.indkey[a.attnum - 1]
    LEFT JOIN stats s ON s.oid = CASE WHEN t.attname IS NULL THEN l.oid ELSE l.table_oid END
                     AND s.attname = coalesce(t.attname, a.attname)
    WINDOW above AS (PARTITION BY l.oid ORDER BY a.attnum)
), needed AS (
    SELECT l.*, r.bytes, r.is_blind,
           (pg_catalog.ceil(l.entries / greatest(pg_catalog.floor((p.size - 40) * l.fill / (r.bytes + 4)), 1)) + 1) * p.size AS expected,
           l.pages * p.size AS size
    FROM large l
    CROSS JOIN (SELECT pg_catalog.current_setting('block_size')::float8) AS p (size)
    JOIN (SELECT c.oid, pg_catalog.bool_or(c.width IS NULL) AS is_blind,
                 8 + CASE WHEN pg_catalog.max(c.nulls) > 0 THEN 8 ELSE 0 END
                 + pg_catalog.ceil(pg_catalog.sum((1 - c.nulls) * (c.width + c.padding)) / 8) * 8 AS bytes
          FROM columns c GROUP BY c.oid) r ON r.oid = l.oid
)
SELECT pg_catalog.format('%I.%I', n.nspname, n.relname) AS object,
       pg_catalog.format('of %I.%I: about %s of its %s hold no entry, estimated from %s entries of %s bytes', n.table_schema, n.table_name,
                         pg_catalog.pg_size_pretty((n.size - n.expected)::bigint), pg_catalog.pg_size_pretty(n.size::bigint),
                         pg_catalog.to_char(n.entries, 'FM999,999,999,999,990'), n.bytes) AS message,
       100 * (n.size - n.expected) / n.size AS value,
       pg_catalog.format('REINDEX INDEX CONCURRENTLY %I.%I', n.nspname, n.relname) AS fix,
       NULL::text AS severity, NULL::text AS needs
FROM needed n
WHERE NOT n.is_blind AND n.size > n.expected AND n.size - n.expected >= $2::float8 AND 100 * (n.size - n.expected) >= $1::float8 * n.size
UNION ALL
SELECT 'statistics', 'how wide its entries are is not known', NULL, NULL, NULL,
       pg_catalog.format('ANALYZE, and SELECT as pg_read_all_data has it, for the statistics of %s large indexes, such as %s',
                         pg_catalog.count(*), pg_catalog.min(pg_catalog.format('%I.%I', n.nspname, n.relname)))
FROM needed n WHERE n.is_blind HAVING pg_catalog.count(*) > 0
ORDER BY 3 DESC NULLS LAST, 1;
