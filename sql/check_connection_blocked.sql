-- SPDX-License-Identifier: Apache-2.0
-- Sessions, in all databases, that wait for a lock for long, and at whom: those of whom they wait that do not wait themselves come first.
-- $1: seconds that are a finding.
WITH waiting AS MATERIALIZED (
    SELECT l.pid, pg_catalog.min(l.waitstart) AS since,
           pg_catalog.min(pg_catalog.concat_ws(' on ', l.mode, CASE WHEN c.oid IS NOT NULL
                                                             THEN pg_catalog.format('%I.%I', n.nspname, c.relname) END)) AS what
    FROM pg_catalog.pg_locks l
    LEFT JOIN pg_catalog.pg_database d ON d.datname = pg_catalog.current_database()
    LEFT JOIN pg_catalog.pg_class c ON c.oid = l.relation AND l.database IN (0, d.oid)
    LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE NOT l.granted AND l.pid IS NOT NULL
    GROUP BY l.pid
),
long AS MATERIALIZED (
    SELECT w.pid, w.what, pg_catalog.clock_timestamp() - w.since AS span,
           ARRAY(SELECT b FROM pg_catalog.unnest(pg_catalog.pg_blocking_pids(w.pid)) b
                 GROUP BY b ORDER BY b IN (SELECT pid FROM waiting), b) AS blockers
    FROM waiting w
    WHERE w.since <= pg_catalog.clock_timestamp() - pg_catalog.make_interval(secs => $1::float8)
)
SELECT pg_catalog.format('pid %s', l.pid) AS object,
       pg_catalog.format('%s, waits for %s for %s behind %s', pg_catalog.concat_ws(' ', a.usename, 'in database', a.datname), l.what,
                         pg_catalog.date_trunc('second', l.span),
                         CASE WHEN l.blockers[1] = 0 THEN 'a prepared transaction'
                              ELSE pg_catalog.concat_ws(', ', pg_catalog.format('pid %s', l.blockers[1]), b.usename,
                                                        b.state) END) AS message,
       extract(epoch FROM l.span)::float8 AS value,
       CASE WHEN l.blockers[1] > 0
            THEN pg_catalog.format('SELECT pg_catalog.%s(%s)',
                                   CASE WHEN b.state = 'active' THEN 'pg_cancel_backend' ELSE 'pg_terminate_backend' END,
                                   l.blockers[1]) END AS fix,
       NULL::text AS severity, NULL::text AS needs
FROM long l
LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
LEFT JOIN pg_catalog.pg_stat_activity b ON b.pid = l.blockers[1]
WHERE pg_catalog.cardinality(l.blockers) > 0
ORDER BY 3 DESC, 1;
