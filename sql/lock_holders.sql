-- SPDX-License-Identifier: Apache-2.0
-- Who holds, right now, a lock that conflicts with one that is wanted.
-- $1 text[], $2 text[]: schema and name of the relation, an empty schema means the search_path; $3 text[]: a mode as pg_locks
--   shows it that conflicts with the wanted one. One element in each for every pair of relation and mode.
-- One row for each wanted relation that exists and, of those, for each transaction that holds such a lock; without one, pid and
-- transaction are null. A prepared transaction has no pid. `yields`: an autovacuum worker, which gives way after the waiter's
-- deadlock_timeout, unless it runs to prevent wraparound; a role that may not see what other backends are gets that from the
-- table's age. Runs under the work's search_path, hence the qualified operators.
WITH wanted AS MATERIALIZED (
    SELECT c.oid, w.schema, w.name, w.mode, c.relfrozenxid, c.relminmxid
      FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.text[]), pg_catalog.unnest($2::pg_catalog.text[]),
                     pg_catalog.unnest($3::pg_catalog.text[])) AS w (schema, name, mode)
      JOIN pg_catalog.pg_class c ON c.relname OPERATOR(pg_catalog.=) w.name::pg_catalog.name
      JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
     WHERE n.nspname OPERATOR(pg_catalog.=) w.schema::pg_catalog.name
        OR w.schema OPERATOR(pg_catalog.=) '' AND pg_catalog.pg_table_is_visible(c.oid)
), held AS MATERIALIZED (
    SELECT DISTINCT w.oid, l.pid, l.virtualtransaction, l.mode
      FROM wanted w
      JOIN pg_catalog.pg_locks l ON l.relation OPERATOR(pg_catalog.=) w.oid AND l.mode OPERATOR(pg_catalog.=) w.mode
     WHERE l.granted AND l.locktype OPERATOR(pg_catalog.=) 'relation'
       AND (l.pid IS NULL OR l.pid OPERATOR(pg_catalog.<>) pg_catalog.pg_backend_pid())
       AND l.database OPERATOR(pg_catalog.=) ANY (ARRAY[0::pg_catalog.oid, (
               SELECT d.oid FROM pg_catalog.pg_database d
                WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database())])
)
SELECT w.schema, w.name, h.pid, h.virtualtransaction AS transaction, h.mode,
       a.application_name AS application, a.usename AS username, a.state,
       pg_catalog.to_char(a.xact_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS since,
       a.query, p.gid AS prepared,
       CASE WHEN a.backend_type OPERATOR(pg_catalog.=) 'autovacuum worker'
            THEN a.query OPERATOR(pg_catalog.!~~) '%(to prevent wraparound)'
            WHEN a.backend_type IS NULL AND a.usesysid IS NULL AND a.pid IS NOT NULL
             AND h.mode OPERATOR(pg_catalog.=) 'ShareUpdateExclusiveLock'
            THEN pg_catalog.age(w.relfrozenxid) OPERATOR(pg_catalog.<)
                     pg_catalog.current_setting('autovacuum_freeze_max_age')::pg_catalog.int4
             AND pg_catalog.mxid_age(w.relminmxid) OPERATOR(pg_catalog.<)
                     pg_catalog.current_setting('autovacuum_multixact_freeze_max_age')::pg_catalog.int4
            ELSE false END AS yields,
       (extract(epoch FROM pg_catalog.current_setting('deadlock_timeout')::pg_catalog.interval)
           OPERATOR(pg_catalog.*) 1000)::pg_catalog.int4 AS deadlock_timeout_ms
  FROM (SELECT DISTINCT oid, schema, name, relfrozenxid, relminmxid FROM wanted) w
  LEFT JOIN held h ON h.oid OPERATOR(pg_catalog.=) w.oid
  LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid OPERATOR(pg_catalog.=) h.pid
  LEFT JOIN pg_catalog.pg_locks x -- a prepared transaction is found by the lock on its own number
         ON h.pid IS NULL AND x.pid IS NULL AND x.locktype OPERATOR(pg_catalog.=) 'transactionid'
        AND x.virtualtransaction OPERATOR(pg_catalog.=) h.virtualtransaction
  LEFT JOIN pg_catalog.pg_prepared_xacts p ON p.transaction OPERATOR(pg_catalog.=) x.transactionid
 ORDER BY w.oid, h.pid, h.virtualtransaction;
