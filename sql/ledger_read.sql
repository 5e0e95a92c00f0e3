-- SPDX-License-Identifier: Apache-2.0
-- All that a runner decides by, as it stands: one row of the ledger itself (kind 0), one a job (1), one a runner (2). What it means
-- is the program's to say. It is the first query of each tick, in a fresh backend, which spends its time on parsing and planning:
-- plain scans cost half of what joins and subqueries would. Instants are seconds since 1970.
SELECT 0 AS kind,
       m.system_identifier AS name,
       (pg_catalog.pg_control_system()).system_identifier::pg_catalog.text AS text_1,
       m.database_oid::pg_catalog.text AS text_2,
       pg_catalog.pg_relation_filepath(1259) AS text_3, -- of pg_class: base/<oid of the database>/<file>
       m.all_paused_because AS text_4,
       NULL AS text_5,
       NULL AS text_6,
       EXTRACT(epoch FROM pg_catalog.clock_timestamp()) AS instant_1,
       NULL::numeric AS instant_2,
       NULL::numeric AS instant_3,
       NULL::numeric AS instant_4,
       NULL::numeric AS instant_5,
       m.all_paused AS flag_1,
       m.test_clock AS flag_2,
       m.schema_version AS number
FROM pgtend.meta m
UNION ALL
SELECT 1,
       l.job,
       l.schedule,
       l.time_zone,
       l.holder,
       l.paused_because,
       l.open_status,
       l.last_status,
       EXTRACT(epoch FROM l.last_slot),
       EXTRACT(epoch FROM l.open_slot),
       EXTRACT(epoch FROM l.counts_from),
       EXTRACT(epoch FROM l.lease_until),
       EXTRACT(epoch FROM l.finished_at),
       l.paused,
       l.open_begun,
       l.open_attempts
FROM pgtend.lease l
UNION ALL
SELECT 2,
       r.host,
       r.config_file,
       r.config_hash,
       NULL,
       NULL,
       NULL,
       NULL,
       EXTRACT(epoch FROM r.heartbeat),
       EXTRACT(epoch FROM r.evaluated_at),
       NULL,
       NULL,
       NULL,
       NULL,
       NULL,
       NULL
FROM pgtend.runner r;
