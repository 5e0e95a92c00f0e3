-- SPDX-License-Identifier: Apache-2.0
-- Where declared materialized views stand, or would, and what the roles may do there.
-- $1 text[]: schemas; $2 text[]: names; $3 text[]: who shall own each, '' for the role that works; $4 text: that role, NULL for the
-- session's own
SELECT asked.position, c.relkind AS kind, n.oid IS NOT NULL AS schema_exists, worker.rolname AS role, session_user AS login,
       coalesce(wanted.rolname, worker.rolname) AS creator,
       asked.owner = '' OR wanted.oid IS NOT NULL AS creator_exists,
       may.be_creator AS may_be_creator,
       n.oid IS NOT NULL AND pg_catalog.has_schema_privilege(coalesce(wanted.oid, worker.oid), n.oid, 'CREATE') AS may_create,
       -- Names in its query, "$user" among them, mean what they mean to who creates it.
       CASE WHEN may.be_creator THEN wanted.rolname END AS comparer,
       pg_catalog.has_database_privilege(CASE WHEN may.be_creator THEN coalesce(wanted.oid, worker.oid) ELSE worker.oid END,
                                         pg_catalog.current_database(), 'TEMPORARY') AS may_compare,
       pg_catalog.current_database() AS database
FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[]), pg_catalog.unnest($3::text[]))
     WITH ORDINALITY AS asked (schema, name, owner, position)
JOIN pg_catalog.pg_roles worker ON worker.rolname = coalesce($4::name, current_user)
LEFT JOIN pg_catalog.pg_roles wanted ON wanted.rolname = asked.owner::name AND asked.owner <> ''
-- SET ROLE asks what the session began as; the option SET of a membership exists from 16 on.
CROSS JOIN LATERAL (
    SELECT wanted.oid IS NULL OR CASE WHEN pg_catalog.current_setting('server_version_num')::int >= 160000
                                      THEN pg_catalog.pg_has_role(session_user, wanted.oid, 'SET')
                                      ELSE pg_catalog.pg_has_role(session_user, wanted.oid, 'MEMBER') END
) AS may (be_creator)
LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = asked.schema::name
LEFT JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = asked.name::name
ORDER BY asked.position;
