-- SPDX-License-Identifier: Apache-2.0
-- A row when pg_partman is in the schema partman, and the role may read what it maintains: of a superuser, of the role itself or of the
-- extension, since to read somebody else's table may run that one's code.
SELECT c.oid
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
WHERE n.nspname OPERATOR(pg_catalog.=) 'partman' AND c.relname OPERATOR(pg_catalog.=) 'part_config'
  AND c.relkind OPERATOR(pg_catalog.=) 'r'
  AND (EXISTS (SELECT FROM pg_catalog.pg_roles o
               WHERE o.oid OPERATOR(pg_catalog.=) c.relowner
                 AND (o.rolsuper OR o.rolname OPERATOR(pg_catalog.=) CURRENT_USER))
       OR EXISTS (SELECT FROM pg_catalog.pg_depend d
                  JOIN pg_catalog.pg_extension e ON e.oid OPERATOR(pg_catalog.=) d.refobjid
                  WHERE d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass
                    AND d.objid OPERATOR(pg_catalog.=) c.oid AND d.deptype OPERATOR(pg_catalog.=) 'e'
                    AND d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_extension'::pg_catalog.regclass
                    AND e.extname OPERATOR(pg_catalog.=) 'pg_partman'))
  AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(c.oid, 'SELECT');
