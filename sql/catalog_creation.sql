-- SPDX-License-Identifier: Apache-2.0
-- What a new partition of these tables must be like, and whether the role may make it.
-- $1 oid[]: partitioned tables; $2 text: the role that will do the work, NULL for the session's own
-- Lists of several values an entry are flat arrays: {schema, name, schema, name, ...}.
SELECT c.oid,
       owner.rolname AS owner,
       worker.rolname AS role,
       above.row_security, above.force_row_security,
       c.relreplident AS replica_identity,
       c.relpersistence = 't' AS temporary,
       EXISTS (SELECT FROM pg_catalog.pg_index x WHERE x.indrelid = c.oid AND x.indisexclusion) AS excludes,
       am.amname AS access_method,
       ts.spcname AS tablespace,
       pg_catalog.obj_description(c.oid, 'pg_class') AS comment,
       ARRAY(SELECT part
             FROM pg_catalog.pg_index x
             JOIN pg_catalog.pg_class xc ON xc.oid = x.indexrelid
             JOIN pg_catalog.pg_namespace xn ON xn.oid = xc.relnamespace
             CROSS JOIN LATERAL pg_catalog.unnest(ARRAY[xn.nspname::text, xc.relname::text]) AS part
             WHERE x.indrelid = c.oid AND x.indisreplident) AS replica_index,
       -- With what is below them, and the table itself and its own partitions when it refers to itself.
       ARRAY(WITH RECURSIVE fk (other) AS (
                 SELECT f.confrelid FROM pg_catalog.pg_constraint f WHERE f.conrelid = c.oid AND f.contype = 'f'
                 UNION
                 SELECT i.inhrelid FROM fk JOIN pg_catalog.pg_inherits i ON i.inhparent = fk.other AND NOT i.inhdetachpending
             )
             SELECT part
             FROM fk
             JOIN pg_catalog.pg_class oc ON oc.oid = fk.other
             JOIN pg_catalog.pg_namespace o ON o.oid = oc.relnamespace
             CROSS JOIN LATERAL pg_catalog.unnest(ARRAY[o.nspname::text, oc.relname::text])
                 WITH ORDINALITY AS u (part, ord)
             ORDER BY o.nspname, oc.relname, ord) AS referenced,
       ARRAY(SELECT part
             FROM (SELECT DISTINCT conrelid AS other FROM pg_catalog.pg_constraint
                   WHERE confrelid = c.oid AND contype = 'f' AND conrelid <> c.oid) fk
             JOIN pg_catalog.pg_class oc ON oc.oid = fk.other AND NOT oc.relispartition
             JOIN pg_catalog.pg_namespace o ON o.oid = oc.relnamespace
             CROSS JOIN LATERAL pg_catalog.unnest(ARRAY[o.nspname::text, oc.relname::text])
                 WITH ORDINALITY AS u (part, ord)
             ORDER BY o.nspname, oc.relname, ord) AS referenced_by,
       -- {column, statistics target or NULL, options as an array literal or NULL, ...}
       ARRAY(SELECT part
             FROM pg_catalog.pg_attribute a
             CROSS JOIN LATERAL (SELECT pg_catalog.array_agg(o)::text AS kept FROM pg_catalog.unnest(a.attoptions) o
                                 WHERE o LIKE 'n\_distinct%') options
             CROSS JOIN LATERAL pg_catalog.unnest(
                 ARRAY[a.attname::text, CASE WHEN a.attstattarget >= 0 THEN a.attstattarget::text END, options.kept])
                 WITH ORDINALITY AS u (part, ord)
             WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
               AND (a.attstattarget >= 0 OR options.kept IS NOT NULL)
             ORDER BY a.attnum, ord) AS columns,
       -- {grantee or NULL for PUBLIC, privilege, column or NULL for the table, grantable, ...}
       ARRAY(SELECT part
             FROM (SELECT NULL::name AS attname, 0 AS attnum, acl.*
                   FROM pg_catalog.aclexplode(c.relacl) acl
                   UNION ALL
                   SELECT a.attname, a.attnum, acl.*
                   FROM pg_catalog.pg_attribute a CROSS JOIN LATERAL pg_catalog.aclexplode(a.attacl) acl
                   WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) g
             LEFT JOIN pg_catalog.pg_roles r ON r.oid = g.grantee
             CROSS JOIN LATERAL pg_catalog.unnest(
                 ARRAY[r.rolname::text, g.privilege_type, g.attname::text, g.is_grantable::text])
                 WITH ORDINALITY AS u (part, ord)
             WHERE g.grantee <> c.relowner AND (g.grantee = 0 OR r.oid IS NOT NULL)
             ORDER BY r.rolname NULLS FIRST, g.attnum, g.privilege_type, ord) AS grants,
       ARRAY(SELECT DISTINCT r.rolname::text
             FROM pg_catalog.pg_default_acl d
             CROSS JOIN LATERAL pg_catalog.aclexplode(d.defaclacl) acl
             LEFT JOIN pg_catalog.pg_roles r ON r.oid = acl.grantee
             WHERE d.defaclobjtype = 'r' AND d.defaclnamespace IN (0, c.relnamespace)
               AND acl.grantee <> c.relowner AND (acl.grantee = 0 OR r.oid IS NOT NULL)
             ORDER BY 1 NULLS FIRST) AS default_grantees,
       pg_catalog.pg_has_role(worker.oid, c.relowner, 'USAGE')
       -- From 16 on OWNER TO asks for the option SET of a membership; before, its name is an error.
       AND CASE WHEN pg_catalog.current_setting('server_version_num')::int >= 160000
                THEN pg_catalog.pg_has_role(worker.oid, c.relowner, 'SET') ELSE true END AS may_act_as_owner,
       owner.rolsuper AS owner_is_superuser,
       pg_catalog.has_schema_privilege(worker.oid, c.relnamespace, 'CREATE') AS may_create_in_schema,
       worker.rolsuper OR pg_catalog.has_schema_privilege(c.relowner, c.relnamespace, 'CREATE') AS owner_may_create,
       default_part.relation AS default_relation,
       default_part.bytes AS default_bytes,
       default_part.partitioned AS default_partitioned,
       ARRAY(WITH RECURSIVE below (oid) AS (
                 SELECT i.inhrelid FROM pg_catalog.pg_inherits i WHERE i.inhparent = p.partdefid
                 UNION
                 SELECT i.inhrelid FROM below JOIN pg_catalog.pg_inherits i ON i.inhparent = below.oid
             )
             SELECT part
             FROM below
             JOIN pg_catalog.pg_class bc ON bc.oid = below.oid
             JOIN pg_catalog.pg_namespace b ON b.oid = bc.relnamespace
             CROSS JOIN LATERAL pg_catalog.unnest(ARRAY[b.nspname::text, bc.relname::text])
                 WITH ORDINALITY AS u (part, ord)
             ORDER BY b.nspname, bc.relname, ord) AS default_below,
       (SELECT pg_catalog.quote_ident(a.attname) FROM pg_catalog.pg_attribute a
        WHERE a.attrelid = c.oid AND a.attnum = p.partattrs[0] AND a.attnum > 0) AS key_quoted,
       (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute a
        WHERE a.attrelid = c.oid AND a.attnum = p.partattrs[0] AND a.attnum > 0) AS key_type
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_partitioned_table p ON p.partrelid = c.oid
JOIN pg_catalog.pg_roles owner ON owner.oid = c.relowner
JOIN pg_catalog.pg_roles worker ON worker.rolname = coalesce($2::name, current_user)
-- A table above may have row level security that this one, being its partition, lacks still.
CROSS JOIN LATERAL (
    WITH RECURSIVE up (oid) AS (
        SELECT c.oid
        UNION
        SELECT i.inhparent FROM up JOIN pg_catalog.pg_inherits i ON i.inhrelid = up.oid AND NOT i.inhdetachpending
    )
    -- FORCE without ENABLE means nothing where it stands, and would where a partition enables it.
    SELECT pg_catalog.bool_or(u.relrowsecurity) AS row_security,
           pg_catalog.bool_or(u.relrowsecurity AND u.relforcerowsecurity) AS force_row_security
    FROM up
    JOIN pg_catalog.pg_class u ON u.oid = up.oid
) above
LEFT JOIN pg_catalog.pg_am am ON am.oid = c.relam
LEFT JOIN pg_catalog.pg_tablespace ts ON ts.oid = c.reltablespace
LEFT JOIN LATERAL (
    SELECT pg_catalog.format('%I.%I', dn.nspname, dc.relname) AS relation, dc.relkind = 'p' AS partitioned,
           dc.relpages::bigint * pg_catalog.current_setting('block_size')::bigint AS bytes
    FROM pg_catalog.pg_class dc
    JOIN pg_catalog.pg_namespace dn ON dn.oid = dc.relnamespace
    WHERE dc.oid = p.partdefid
) default_part ON true
WHERE c.oid = ANY ($1::oid[]);
