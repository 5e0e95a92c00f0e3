-- SPDX-License-Identifier: Apache-2.0
-- Superusers that may log in, beyond the first, which initdb made.
SELECT pg_catalog.format('role %I', r.rolname) AS object, 'is a superuser that may log in, beside the first' AS message,
       NULL::float8 AS value, pg_catalog.format('ALTER ROLE %I NOSUPERUSER', r.rolname) AS fix,
       NULL::text AS severity, NULL::text AS needs
FROM pg_catalog.pg_roles r
WHERE r.rolsuper AND r.rolcanlogin
  AND EXISTS (SELECT FROM pg_catalog.pg_roles o WHERE o.rolsuper AND o.rolcanlogin AND o.oid < r.oid)
ORDER BY 1;
