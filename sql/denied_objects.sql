-- SPDX-License-Identifier: Apache-2.0
-- What may be meant by a message "permission denied for table x", "must be owner of table x": the server leaves the schema out.
-- $1 text: the role, empty: the current one; $2 text: what was denied: relation, sequence, routine, schema or role; $3 text: its name
-- One row for each object of that name. `may`: the role may use it (of relations: that is another question). `signature`: of a routine.
SELECT r.rolname AS role, o.schema, o.name, o.signature, coalesce(o.may, false) AS may
  FROM pg_catalog.pg_roles r
  LEFT JOIN LATERAL (
       SELECT n.nspname AS schema, c.relname AS name, NULL AS signature,
              $2::pg_catalog.text OPERATOR(pg_catalog.=) 'sequence' AND
              CASE WHEN c.relkind OPERATOR(pg_catalog.=) 'S' THEN pg_catalog.has_sequence_privilege(r.oid, c.oid, 'USAGE') END AS may
         FROM pg_catalog.pg_class c
         JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
        WHERE c.relname OPERATOR(pg_catalog.=) $3::pg_catalog.name
          AND CASE $2::pg_catalog.text WHEN 'relation' THEN c.relkind OPERATOR(pg_catalog.=) ANY ('{r,p,v,m,f}'::pg_catalog."char"[])
                                       WHEN 'sequence' THEN c.relkind OPERATOR(pg_catalog.=) 'S'
                                       ELSE false END
       UNION ALL
       SELECT n.nspname, p.proname, p.oid::pg_catalog.regprocedure::pg_catalog.text,
              pg_catalog.has_function_privilege(r.oid, p.oid, 'EXECUTE')
         FROM pg_catalog.pg_proc p
         JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) p.pronamespace
        WHERE p.proname OPERATOR(pg_catalog.=) $3::pg_catalog.name AND $2::pg_catalog.text OPERATOR(pg_catalog.=) 'routine'
       UNION ALL
       SELECT n.nspname, NULL, NULL, pg_catalog.has_schema_privilege(r.oid, n.oid, 'USAGE')
         FROM pg_catalog.pg_namespace n
        WHERE n.nspname OPERATOR(pg_catalog.=) $3::pg_catalog.name AND $2::pg_catalog.text OPERATOR(pg_catalog.=) 'schema') AS o ON true
 WHERE r.rolname OPERATOR(pg_catalog.=)
       CASE WHEN $2::pg_catalog.text OPERATOR(pg_catalog.=) 'role' THEN session_user
            WHEN $1::pg_catalog.text OPERATOR(pg_catalog.=) '' THEN current_user
            ELSE $1::pg_catalog.text END::pg_catalog.name
 ORDER BY o.schema, o.name, o.signature;
