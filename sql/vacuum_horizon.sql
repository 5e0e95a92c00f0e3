-- SPDX-License-Identifier: Apache-2.0
-- Who keeps VACUUM from removing rows and from freezing: the oldest transactions that somebody may still want to see. `age` is in
-- transactions. A session or a prepared transaction counts for the tables of its own database (and for the shared catalogs), a
-- replication slot or a standby for all. VACUUM itself counts for nobody, nor do the workers of a parallel query beside their leader.
SELECT 'session' AS kind, a.pid::text AS who, a.datname AS database, a.usename AS username, a.application_name AS application,
       coalesce(nullif(a.state, ''), a.backend_type) AS state, (extract(epoch FROM a.xact_start) * 1000000)::bigint AS since,
       greatest(pg_catalog.age(a.backend_xmin), pg_catalog.age(a.backend_xid)) AS age, false AS only_catalogs, a.query
FROM pg_catalog.pg_stat_activity a
WHERE a.pid <> pg_catalog.pg_backend_pid() AND a.leader_pid IS NULL
  AND (a.backend_xmin IS NOT NULL OR a.backend_xid IS NOT NULL)
  AND a.backend_type <> 'walsender'
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_progress_vacuum v WHERE v.pid = a.pid)
UNION ALL
SELECT 'prepared', x.gid, x.database, x.owner, NULL, 'prepared', (extract(epoch FROM x.prepared) * 1000000)::bigint,
       pg_catalog.age(x.transaction), false, NULL
FROM pg_catalog.pg_prepared_xacts x
UNION ALL
SELECT 'slot', s.slot_name, s.database, NULL, s.slot_type, CASE WHEN s.active THEN 'active' ELSE 'inactive' END,
       -- From 17 on it is known since when nobody uses it.
       (extract(epoch FROM (pg_catalog.to_jsonb(s) ->> 'inactive_since')::timestamptz) * 1000000)::bigint,
       greatest(pg_catalog.age(s.xmin), pg_catalog.age(s.catalog_xmin)), s.xmin IS NULL, NULL
FROM pg_catalog.pg_replication_slots s
WHERE s.xmin IS NOT NULL OR s.catalog_xmin IS NOT NULL
UNION ALL
-- Without a slot; with one, its feedback is the slot's.
SELECT 'standby', coalesce(nullif(r.application_name, ''), r.pid::text), NULL, r.usename, r.client_addr::text, r.state, NULL,
       pg_catalog.age(r.backend_xmin), false, NULL
FROM pg_catalog.pg_stat_replication r
WHERE r.backend_xmin IS NOT NULL
ORDER BY 8 DESC, 1, 2;
