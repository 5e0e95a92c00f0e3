-- SPDX-License-Identifier: Apache-2.0
-- Whether everybody may create objects in the schema public. Before 15 the server begins like that.
SELECT 'public' AS object, 'every role may create functions and tables in it, which others take for their own' AS message,
       NULL::float8 AS value, 'REVOKE CREATE ON SCHEMA public FROM PUBLIC' AS fix,
       CASE WHEN pg_catalog.current_setting('server_version_num')::int < 150000 THEN 'info' ELSE 'error' END AS severity,
       NULL::text AS needs
FROM pg_catalog.pg_namespace n
WHERE n.nspname = 'public'
  AND EXISTS (SELECT FROM pg_catalog.aclexplode(coalesce(n.nspacl, pg_catalog.acldefault('n', n.nspowner))) a
              WHERE a.grantee = 0 AND a.privilege_type = 'CREATE');
