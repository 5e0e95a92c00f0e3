-- SPDX-License-Identifier: Apache-2.0
-- Replication slots that nobody reads: they keep WAL, and rows from being vacuumed, for ever. Left out: those that a standby keeps in step
-- with its primary (from 17 on), and those that are lost, which hold nothing.
SELECT pg_catalog.format('replication slot %I', s.slot_name) AS object,
       pg_catalog.format('%s, nobody reads it%s', s.slot_type,
                         ' since ' || pg_catalog.to_char((j.s ->> 'inactive_since')::timestamptz AT TIME ZONE 'UTC',
                                                         'YYYY-MM-DD"T"HH24:MI:SS"Z"')) AS message,
       NULL::float8 AS value,
       pg_catalog.format('SELECT pg_catalog.pg_drop_replication_slot(%L)', s.slot_name) AS fix,
       NULL::text AS severity, NULL::text AS needs
FROM pg_catalog.pg_replication_slots s
CROSS JOIN LATERAL (SELECT pg_catalog.to_jsonb(s)) AS j (s)
WHERE NOT s.active AND NOT s.temporary AND s.wal_status IS DISTINCT FROM 'lost'
  AND NOT coalesce((j.s ->> 'synced')::bool, false)
ORDER BY 1;
