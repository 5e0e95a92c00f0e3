-- SPDX-License-Identifier: Apache-2.0
-- Which materialized views each of these reads: directly, or through views and other materialized views.
-- $1 oid[]: materialized views
-- What a function reads is not known to the catalogs.
WITH RECURSIVE walk (root, relation) AS (
    SELECT r, r FROM pg_catalog.unnest($1::oid[]) AS r
    UNION
    SELECT w.root, d.refobjid
    FROM walk w
    JOIN pg_catalog.pg_rewrite rule ON rule.ev_class = w.relation AND rule.rulename = '_RETURN'
    JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = rule.oid
                               AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
                               AND d.refobjid <> rule.ev_class
)
SELECT w.root AS oid, w.relation AS reads, n.nspname AS schema, c.relname AS name
FROM walk w
JOIN pg_catalog.pg_class c ON c.oid = w.relation
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'm' AND w.relation <> w.root
ORDER BY w.root, n.nspname, c.relname;
