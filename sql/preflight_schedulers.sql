-- SPDX-License-Identifier: Apache-2.0
-- Other schedulers of this database: the tables of pg_cron and pg_partman, and whether this role sees them.
-- No parameters. hides: a policy may hide rows from this role. pg_cron keeps its jobs in one database of the server, which
-- cron_database names. trusted: to read it runs no code of somebody else: casts, policies and indexes of a table are its owner's.
SELECT CASE c.relname WHEN 'job' THEN 'pg_cron' ELSE 'pg_partman' END AS scheduler, n.nspname AS schema, c.relname AS name,
       pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(c.oid, 'SELECT') AS may_read,
       o.rolname AS owner, o.rolsuper OR o.rolname = CURRENT_USER OR EXISTS (
           SELECT FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
           WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
             AND d.refclassid = 'pg_catalog.pg_extension'::regclass AND e.extname IN ('pg_cron', 'pg_partman')) AS trusted,
       pg_catalog.row_security_active(c.oid) AS hides, pg_catalog.current_database() AS database,
       (SELECT g.setting FROM pg_catalog.pg_settings g WHERE g.name = 'cron.database_name') AS cron_database
FROM (SELECT) AS one
LEFT JOIN (pg_catalog.pg_class c
           JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
           JOIN pg_catalog.pg_roles o ON o.oid = c.relowner)
       ON c.relkind = 'r'
      AND ((n.nspname = 'cron' AND c.relname = 'job'
            AND EXISTS (SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'command'))
           OR (c.relname = 'part_config'
               AND EXISTS (SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'parent_table')))
ORDER BY 1, 2;
