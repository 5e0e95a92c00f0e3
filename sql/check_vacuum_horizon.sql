-- SPDX-License-Identifier: Apache-2.0
-- Who keeps VACUUM from removing rows and from freezing: the oldest transactions that somebody may still want to see. A session or a
-- prepared transaction counts for its own database (and for the shared catalogs), a replication slot or a standby for all. VACUUM itself
-- counts for nobody, nor do the workers of a parallel query beside their leader.
-- $1, $2: transactions that are a warning, an error.
WITH holder (object, said, age, fix) AS (
    SELECT pg_catalog.format('pid %s', a.pid),
           pg_catalog.concat_ws(' ', a.usename, 'in database', a.datname || ',', coalesce(nullif(a.state, ''), a.backend_type), 'for',
                                pg_catalog.date_trunc('second', pg_catalog.clock_timestamp() - a.xact_start)),
           greatest(pg_catalog.age(a.backend_xmin), pg_catalog.age(a.backend_xid)),
           pg_catalog.format('SELECT pg_catalog.pg_terminate_backend(%s)', a.pid)
    FROM pg_catalog.pg_stat_activity a
    WHERE a.pid <> pg_catalog.pg_backend_pid() AND a.leader_pid IS NULL AND a.backend_type <> 'walsender'
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_progress_vacuum v WHERE v.pid = a.pid)
    UNION ALL
    SELECT pg_catalog.format('prepared transaction %L', x.gid), pg_catalog.format('of %s in database %s', x.owner, x.database),
           pg_catalog.age(x.transaction), pg_catalog.format('ROLLBACK PREPARED %L', x.gid)
    FROM pg_catalog.pg_prepared_xacts x
    UNION ALL
    SELECT pg_catalog.format('replication slot %I', s.slot_name),
           pg_catalog.concat_ws(', ', s.slot_type, CASE WHEN s.active THEN 'active' ELSE 'inactive' END,
                                CASE WHEN s.xmin IS NULL THEN 'of the catalogs only' END),
           greatest(pg_catalog.age(s.xmin), pg_catalog.age(s.catalog_xmin)),
           CASE WHEN NOT s.active THEN pg_catalog.format('SELECT pg_catalog.pg_drop_replication_slot(%L)', s.slot_name) END
    FROM pg_catalog.pg_replication_slots s
    UNION ALL
    -- Without a slot; with one, its feedback is the slot's.
    SELECT pg_catalog.format('standby %s', coalesce(nullif(r.application_name, ''), r.pid::text)),
           pg_catalog.concat_ws(' ', pg_catalog.host(r.client_addr), 'by hot_standby_feedback'), pg_catalog.age(r.backend_xmin), NULL
    FROM pg_catalog.pg_stat_replication r
)
SELECT h.object, pg_catalog.format('%s, holds back vacuum by %s transactions', h.said,
                                   pg_catalog.to_char(h.age, 'FM9,999,999,999')) AS message,
       h.age::float8 AS value, h.fix,
       CASE WHEN h.age >= $2::float8 THEN 'error' ELSE 'warning' END AS severity, NULL::text AS needs
FROM holder h
WHERE h.age >= least($1::float8, $2::float8)
UNION ALL
SELECT 'sessions', pg_catalog.format('%s of other roles cannot be seen', pg_catalog.count(*)), NULL, NULL, NULL,
       'pg_read_all_stats'
FROM pg_catalog.pg_stat_activity a
WHERE a.backend_type IS NULL AND a.usesysid IS NOT NULL
  AND (a.datid IS NOT NULL OR a.pid IN (SELECT w.pid FROM pg_catalog.pg_stat_get_wal_senders() w))
HAVING pg_catalog.count(*) > 0
ORDER BY 3 DESC NULLS LAST, 1;
