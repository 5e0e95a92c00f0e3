-- SPDX-License-Identifier: Apache-2.0
-- Whether anything ends a transaction that its client forgot. reset_val is what the session began with; what it set since does not count.
SELECT s.name AS object, 'is 0, for every role and database: a forgotten transaction stays open for ever' AS message,
       NULL::float8 AS value,
       pg_catalog.format('ALTER DATABASE %I SET %s = ''10min''', pg_catalog.current_database(), s.name) AS fix,
       NULL::text AS severity, NULL::text AS needs
FROM pg_catalog.pg_settings s
WHERE s.name = 'idle_in_transaction_session_timeout' AND s.reset_val = '0'
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_db_role_setting r
                  CROSS JOIN LATERAL pg_catalog.unnest(r.setconfig) c
                  WHERE c LIKE 'idle\_in\_transaction\_session\_timeout=%' AND c NOT LIKE '%=0'
                    AND r.setdatabase IN (0, (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())));
