-- SPDX-License-Identifier: Apache-2.0
-- What a runner needs to decide what is due. Row 0: the ledger itself, as an array; then the jobs in the order asked for.
-- Instants: microseconds since 1970. Qualified operators and types: the role's search_path may be hostile.
-- $1 jobs; $2 host, $3 configuration file and $4 its hash of the runner that asks (empty: nobody).
WITH head AS (
    SELECT ARRAY[
        m.schema_version::pg_catalog.text,
        m.test_clock::pg_catalog.text,
        m.all_paused::pg_catalog.text,
        m.all_paused_because,
        m.system_identifier,
        (SELECT c.system_identifier::pg_catalog.text FROM pg_catalog.pg_control_system() c),
        m.database_oid::pg_catalog.text,
        (SELECT d.oid::pg_catalog.text FROM pg_catalog.pg_database d
            WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()),
        pg_catalog.numeric_mul(EXTRACT(epoch FROM pg_catalog.clock_timestamp()), 1000000)::bigint::pg_catalog.text,
        -- Until when this file was evaluated: here, else the same content elsewhere, else by whoever came last.
        (SELECT pg_catalog.numeric_mul(EXTRACT(epoch FROM r.evaluated_at), 1000000)::bigint::pg_catalog.text
            FROM pgtend.runner r
            WHERE r.evaluated_at IS NOT NULL
            ORDER BY r.host OPERATOR(pg_catalog.=) $2::pg_catalog.text
                     AND r.config_file OPERATOR(pg_catalog.=) $3::pg_catalog.text DESC,
                     r.config_hash OPERATOR(pg_catalog.=) $4::pg_catalog.text DESC,
                     r.evaluated_at DESC
            LIMIT 1),
        (SELECT pg_catalog.count(*)::pg_catalog.text FROM pgtend.lease e
            WHERE e.holder IS NOT NULL AND e.lease_until OPERATOR(pg_catalog.<) pg_catalog.clock_timestamp()),
        ARRAY(SELECT pg_catalog.format('%s (%s)', r.host, r.config_file) FROM pgtend.runner r
            WHERE $4::pg_catalog.text OPERATOR(pg_catalog.<>) '' AND r.config_hash OPERATOR(pg_catalog.<>) $4::pg_catalog.text
              AND NOT (r.host OPERATOR(pg_catalog.=) $2::pg_catalog.text
                       AND r.config_file OPERATOR(pg_catalog.=) $3::pg_catalog.text)
              AND r.heartbeat OPERATOR(pg_catalog.>)
                  (pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) pg_catalog.make_interval(mins => 10))
            ORDER BY r.host, r.config_file)::pg_catalog.text
    ]::pg_catalog.text AS facts
    FROM pgtend.meta m
), wanted AS (
    SELECT 0 AS n, NULL::pg_catalog.text AS job
    UNION ALL
    SELECT w.n, w.job FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.text[])) WITH ORDINALITY w(job, n)
)
SELECT
    h.facts,
    l.counts_from IS NOT NULL AS known,
    pg_catalog.numeric_mul(EXTRACT(epoch FROM greatest(l.last_slot, l.counts_from)), 1000000)::bigint AS last_slot,
    pg_catalog.numeric_mul(EXTRACT(epoch FROM l.open_slot), 1000000)::bigint AS open_slot,
    pg_catalog.numeric_mul(EXTRACT(epoch FROM l.counts_from), 1000000)::bigint AS counts_from,
    l.schedule,
    l.time_zone,
    l.holder,
    pg_catalog.numeric_mul(EXTRACT(epoch FROM l.lease_until), 1000000)::bigint AS lease_until,
    l.paused,
    l.paused_because,
    l.open_attempts,
    l.open_begun,
    CASE WHEN l.open_status OPERATOR(pg_catalog.=) 'running' AND l.lease_until OPERATOR(pg_catalog.<) pg_catalog.clock_timestamp()
         THEN 'lost' ELSE l.open_status END AS open_status,
    l.last_status,
    pg_catalog.numeric_mul(EXTRACT(epoch FROM l.finished_at), 1000000)::bigint AS finished_at
FROM wanted w
LEFT JOIN head h ON w.n OPERATOR(pg_catalog.=) 0
LEFT JOIN pgtend.lease l ON l.job OPERATOR(pg_catalog.=) w.job
ORDER BY w.n;
