-- SPDX-License-Identifier: Apache-2.0
-- What a person wants to know of materialized views.
-- $1 oid[]: materialized views; $2 text: the role that will do the work, NULL for the session's own
SELECT c.oid, pg_catalog.pg_has_role(worker.oid, c.relowner, 'USAGE') AS owns,
       CASE WHEN c.reltuples >= 0 THEN c.reltuples::bigint END AS rows,
       -- Measuring opens the view: behind an ACCESS EXCLUSIVE lock, as a plain refresh has it, that would wait.
       CASE WHEN NOT EXISTS (SELECT FROM pg_catalog.pg_locks l
                             WHERE l.locktype = 'relation' AND l.relation = c.oid AND l.mode = 'AccessExclusiveLock')
            THEN pg_catalog.pg_total_relation_size(c.oid) END AS bytes,
       ts.spcname AS tablespace,
       ARRAY(SELECT u.part
             FROM (SELECT DISTINCT dn.nspname, dc.relname
                   FROM pg_catalog.pg_depend d
                   JOIN pg_catalog.pg_rewrite r ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND r.oid = d.objid
                   JOIN pg_catalog.pg_class dc ON dc.oid = r.ev_class
                   JOIN pg_catalog.pg_namespace dn ON dn.oid = dc.relnamespace
                   WHERE d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = c.oid AND r.ev_class <> c.oid) x
             CROSS JOIN LATERAL pg_catalog.unnest(ARRAY[x.nspname::text, x.relname::text]) WITH ORDINALITY AS u (part, ord)
             ORDER BY x.nspname, x.relname, u.ord) AS dependents
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_roles worker ON worker.rolname = coalesce($2::name, current_user)
LEFT JOIN pg_catalog.pg_tablespace ts ON ts.oid = c.reltablespace
WHERE c.oid = ANY ($1::oid[]) AND c.relkind = 'm';
