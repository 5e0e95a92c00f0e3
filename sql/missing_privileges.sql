-- SPDX-License-Identifier: Apache-2.0
-- What a role may do on relations, to say which GRANT is missing after error 42501.
-- $1 text: the role, empty: the current one; $2 text[], $3 text[]: schema and name of each relation, always both.
SELECT r.rolname AS role, n.nspname AS schema, c.relname AS name, c.relkind AS kind, pg_catalog.pg_get_userbyid(c.relowner) AS owner,
       (SELECT o.rolsuper FROM pg_catalog.pg_roles o WHERE o.oid OPERATOR(pg_catalog.=) c.relowner) AS owned_by_superuser,
       pg_catalog.pg_has_role(r.oid, c.relowner, 'USAGE') AS owns,
       pg_catalog.has_schema_privilege(r.oid, n.oid, 'USAGE') AS may_use_schema,
       pg_catalog.has_table_privilege(r.oid, c.oid, 'SELECT') OR pg_catalog.has_any_column_privilege(r.oid, c.oid, 'SELECT')
           AS may_select,
       pg_catalog.has_table_privilege(r.oid, c.oid, 'INSERT') OR pg_catalog.has_any_column_privilege(r.oid, c.oid, 'INSERT')
           AS may_insert,
       pg_catalog.has_table_privilege(r.oid, c.oid, 'UPDATE') OR pg_catalog.has_any_column_privilege(r.oid, c.oid, 'UPDATE')
           AS may_update,
       pg_catalog.has_table_privilege(r.oid, c.oid, 'DELETE') AS may_delete,
       pg_catalog.has_table_privilege(r.oid, c.oid, 'TRUNCATE') AS may_truncate
  FROM ROWS FROM (pg_catalog.unnest($2::pg_catalog.text[]), pg_catalog.unnest($3::pg_catalog.text[])) AS w (schema, name)
  JOIN pg_catalog.pg_namespace n ON n.nspname OPERATOR(pg_catalog.=) w.schema::pg_catalog.name
  JOIN pg_catalog.pg_class c ON c.relnamespace OPERATOR(pg_catalog.=) n.oid
                            AND c.relname OPERATOR(pg_catalog.=) w.name::pg_catalog.name
  JOIN pg_catalog.pg_roles r
    ON r.rolname OPERATOR(pg_catalog.=)
       CASE WHEN $1::pg_catalog.text OPERATOR(pg_catalog.=) '' THEN current_user ELSE $1::pg_catalog.text END::pg_catalog.name
 ORDER BY n.nspname, c.relname;
