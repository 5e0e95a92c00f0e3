-- SPDX-License-Identifier: Apache-2.0
-- Tables, those of the system and temporary ones too, that autovacuum should long have frozen: older than the age that forces a vacuum
-- against wraparound, and nobody vacuums them now. That age is the server's, or the table's own when it is lower; a TOAST table without
-- options follows its table's. Who vacuums what is taken from the locks, which every role may see.
-- $1, $2: percent of that age that are a warning, an error.
WITH server AS MATERIALIZED (
    SELECT pg_catalog.current_setting('autovacuum_freeze_max_age')::float8 AS xids,
           pg_catalog.current_setting('autovacuum_multixact_freeze_max_age')::float8 AS multixacts
),
old AS MATERIALIZED (
    SELECT c.oid, c.relname, c.relnamespace, c.relkind, c.relpersistence, c.reloptions,
           pg_catalog.age(c.relfrozenxid) AS xids, pg_catalog.mxid_age(c.relminmxid) AS multixacts
    FROM pg_catalog.pg_class c, server s
    WHERE c.relkind IN ('r', 'm', 't')
      -- The lowest that a table may have is 100,000 and 10,000.
      AND (pg_catalog.age(c.relfrozenxid)
           >= CASE WHEN c.relkind = 't' OR c.reloptions IS NOT NULL THEN 100000 ELSE s.xids END * least($1::float8, $2::float8) / 100
        OR pg_catalog.mxid_age(c.relminmxid)
           >= CASE WHEN c.relkind = 't' OR c.reloptions IS NOT NULL THEN 10000 ELSE s.multixacts END
              * least($1::float8, $2::float8) / 100)
),
judged AS MATERIALIZED (
    SELECT o.oid, m.oid AS main, o.relkind, coalesce(m.relname, o.relname) AS relname,
           coalesce(m.relnamespace, o.relnamespace) AS relnamespace, o.relpersistence, o.xids, o.multixacts,
           100 * o.xids::float8 / least(s.xids, own.xids) AS xid_percent,
           100 * o.multixacts::float8 / least(s.multixacts, own.multixacts) AS multixact_percent
    FROM old o CROSS JOIN server s
    LEFT JOIN pg_catalog.pg_class m ON o.relkind = 't' AND m.reltoastrelid = o.oid
    CROSS JOIN LATERAL (
        SELECT pg_catalog.min(x.option_value::float8) FILTER (WHERE x.option_name = 'autovacuum_freeze_max_age') AS xids,
               pg_catalog.min(x.option_value::float8) FILTER (WHERE x.option_name = 'autovacuum_multixact_freeze_max_age') AS multixacts
        FROM pg_catalog.pg_options_to_table(coalesce(o.reloptions, m.reloptions)) x
        WHERE x.option_name LIKE 'autovacuum%freeze\_max\_age') own
)
SELECT pg_catalog.format('%I.%I', n.nspname, j.relname) AS object,
       pg_catalog.format('%sis %s %s old, %s %% of the age at which autovacuum freezes it%s',
                         CASE WHEN j.relkind = 't' THEN 'its TOAST table ' END,
                         pg_catalog.to_char(CASE WHEN x.by_xid THEN j.xids ELSE j.multixacts END, 'FM9,999,999,999'),
                         CASE WHEN x.by_xid THEN 'transactions' ELSE 'multixacts' END, pg_catalog.round(x.percent::numeric),
                         CASE WHEN j.relpersistence = 't' THEN '; temporary, only its own session can' END) AS message,
       x.percent AS value,
       CASE WHEN j.relpersistence <> 't' THEN pg_catalog.format('VACUUM (FREEZE) %I.%I', n.nspname, j.relname) END AS fix,
       CASE WHEN x.percent >= $2::float8 THEN 'error' ELSE 'warning' END AS severity,
       NULL::text AS needs
FROM judged j
JOIN pg_catalog.pg_namespace n ON n.oid = j.relnamespace
CROSS JOIN LATERAL (SELECT greatest(j.xid_percent, j.multixact_percent), j.xid_percent >= j.multixact_percent) AS x (percent, by_xid)
WHERE x.percent >= least($1::float8, $2::float8)
  AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_locks l
      JOIN pg_catalog.pg_stat_progress_vacuum v ON v.pid = l.pid
      JOIN pg_catalog.pg_database d ON d.datname = pg_catalog.current_database()
      WHERE l.locktype = 'relation' AND l.database IN (0, d.oid) AND l.relation IN (j.oid, j.main) AND l.granted
        AND l.mode IN ('ShareUpdateExclusiveLock', 'AccessExclusiveLock'))
ORDER BY 3 DESC, 1;
