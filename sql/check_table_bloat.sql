-- SPDX-License-Identifier: Apache-2.0
-- Tables much larger than their rows would need, estimated: rows and pages as the last VACUUM or ANALYZE told them, widths of columns as
-- ANALYZE saw them. A row takes a header, its columns with what aligning them costs (for columns after one of variable length the mean),
-- and 4 bytes of its page. Wrong by up to a tenth or so, and more where widths differ much within a table. TOAST tables have no
-- statistics and are left out.
-- $1: percent without rows that are a finding; $2: bytes without rows that it takes.
WITH large AS MATERIALIZED (
    SELECT c.oid, n.nspname, c.relname, c.relpages::float8 AS pages, c.reltuples::float8 AS rows,
           coalesce((SELECT o.option_value::float8 FROM pg_catalog.pg_options_to_table(c.reloptions) o
                     WHERE o.option_name = 'fillfactor'), 100) / 100 AS fill
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_am m ON m.oid = c.relam AND m.amname = 'heap'
    WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't'
      -- A table that was never looked at says that it has no pages; its rows take 28 bytes at the least.
      AND CASE WHEN c.reltuples < 0 THEN pg_catalog.pg_stat_get_live_tuples(c.oid) * 28.0
               ELSE c.relpages * pg_catalog.current_setting('block_size')::float8 END >= $2::float8
      AND n.nspname <> ALL (ARRAY['pgtend', 'information_schema']) AND n.nspname NOT LIKE 'pg\_%'
), columns AS MATERIALIZED (
    SELECT l.oid, a.attnum, s.width, s.nulls,
           CASE WHEN a.attlen < 0 THEN 0
                WHEN pg_catalog.lag(a.attlen) OVER above IS NULL THEN 0
                WHEN pg_catalog.lag(a.attlen) OVER above < 0 OR pg_catalog.lag(s.nulls) OVER above > 0 THEN (b.align - 1) / 2.0
                WHEN pg_catalog.lag(a.attlen) OVER above % b.align = 0 THEN 0
                ELSE b.align - least(b.align, pg_catalog.lag(b.align) OVER above) END AS padding
    FROM large l
    JOIN pg_catalog.pg_attribute a ON a.attrelid = l.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated <> 'v'
    CROSS JOIN LATERAL (SELECT CASE a.attalign WHEN 'd' THEN 8 WHEN 'i' THEN 4 WHEN 's' THEN 2 ELSE 1 END) AS b (align)
    LEFT JOIN (
        SELECT t.oid, s.attname, s.avg_width::float8 AS width, s.null_frac::float8 AS nulls
        FROM large t
        CROSS JOIN LATERAL (SELECT p.attname, p.avg_width, p.null_frac FROM pg_catalog.pg_stats p
                            WHERE p.schemaname = t.nspname AND p.tablename = t.relname AND NOT p.inherited OFFSET 0) s
    ) s ON s.oid = l.oid AND s.attname = a.attname
    WINDOW above AS (PARTITION BY l.oid ORDER BY a.attnum)
), needed AS (
    SELECT l.*, r.bytes, r.is_blind,
           pg_catalog.ceil(l.rows / greatest(pg_catalog.floor((p.size - 24) * l.fill / (r.bytes + 4)), 1)) * p.size AS expected,
           l.pages * p.size AS size
    FROM large l
    CROSS JOIN (SELECT pg_catalog.current_setting('block_size')::float8) AS p (size)
    JOIN (SELECT c.oid, pg_catalog.bool_or(c.width IS NULL) AS is_blind,
                 pg_catalog.ceil((23 + CASE WHEN pg_catalog.max(c.nulls) > 0
                                            THEN pg_catalog.ceil(pg_catalog.count(*) / 8.0) ELSE 0 END) / 8) * 8
                 + pg_catalog.ceil(pg_catalog.sum((1 - c.nulls) * (c.width + c.padding)) / 8) * 8 AS bytes
          FROM columns c GROUP BY c.oid) r ON r.oid = l.oid
)
SELECT pg_catalog.format('%I.%I', n.nspname, n.relname) AS object,
       pg_catalog.format('about %s of its %s hold no row, estimated from %s rows of %s bytes',
                         pg_catalog.pg_size_pretty((n.size - n.expected)::bigint), pg_catalog.pg_size_pretty(n.size::bigint),
                         pg_catalog.to_char(n.rows, 'FM999,999,999,999,990'), n.bytes) AS message,
       100 * (n.size - n.expected) / n.size AS value,
       pg_catalog.format('VACUUM (FULL, ANALYZE) %I.%I -- nobody reads or writes it meanwhile; pg_repack lets them', n.nspname, n.relname) AS fix,
       NULL::text AS severity, NULL::text AS needs
FROM needed n
WHERE NOT n.is_blind AND n.rows >= 0 AND n.size > n.expected AND n.size - n.expected >= $2::float8 AND 100 * (n.size - n.expected) >= $1::float8 * n.size
UNION ALL
SELECT 'statistics', 'how wide its rows are is not known', NULL, NULL, NULL,
       pg_catalog.format('ANALYZE, and SELECT as pg_read_all_data has it, for the statistics of %s large tables, such as %s',
                         pg_catalog.count(*), pg_catalog.min(pg_catalog.format('%I.%I', n.nspname, n.relname)))
FROM needed n WHERE n.rows < 0 OR n.is_blind AND n.size > 0 HAVING pg_catalog.count(*) > 0
ORDER BY 3 DESC NULLS LAST, 1;
