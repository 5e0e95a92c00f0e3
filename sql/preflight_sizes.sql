-- SPDX-License-Identifier: Apache-2.0
-- Rows of tables, by the server's estimate or its counters, whichever is more.
-- $1 oid[]: the tables
SELECT c.oid, greatest(c.reltuples, pg_catalog.pg_stat_get_live_tuples(c.oid), 0)::float8 AS rows
FROM pg_catalog.pg_class c
WHERE c.oid = ANY ($1::oid[]);
