-- SPDX-License-Identifier: Apache-2.0
-- The bounds of partitions as PostgreSQL prints them, for servers whose stored form is not understood. Locks each of
-- them for a moment (ACCESS SHARE).
-- $1 oid[]: partitions
-- They are printed as the session's settings say: these are set here, for this statement's transaction, and before any
-- bound is printed, because every row needs one of `rendering`.
WITH rendering AS MATERIALIZED (
    SELECT pg_catalog.set_config('TimeZone', 'UTC', true), pg_catalog.set_config('DateStyle', 'ISO, YMD', true)
)
SELECT c.oid, pg_catalog.pg_get_expr(c.relpartbound, c.oid) AS bound
FROM rendering
CROSS JOIN pg_catalog.pg_class c
WHERE c.oid = ANY ($1::oid[]);
