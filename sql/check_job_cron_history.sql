-- SPDX-License-Identifier: Apache-2.0
-- The history of pg_cron, which it never deletes from; rows as of the last VACUUM or ANALYZE.
-- $1: rows that it may have.
SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS object,
       pg_catalog.format('has %s rows, and nothing deletes the old ones by itself', c.reltuples::bigint) AS message,
       c.reltuples::float8 AS value,
       'DELETE FROM cron.job_run_details WHERE end_time < now() - interval ''30 days''' AS fix,
       NULL::text AS severity, NULL::text AS needs
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'cron' AND c.relname = 'job_run_details' AND c.relkind = 'r' AND c.reltuples > $1::float8;
