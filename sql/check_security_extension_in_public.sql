-- SPDX-License-Identifier: Apache-2.0
-- Extensions whose functions stand in the schema public, where APIs expose them and others may create.
SELECT pg_catalog.format('extension %I', e.extname) AS object, 'its objects stand in the schema public' AS message,
       NULL::float8 AS value,
       CASE WHEN e.extrelocatable
            THEN pg_catalog.format('CREATE SCHEMA IF NOT EXISTS extensions; ALTER EXTENSION %I SET SCHEMA extensions',
                                   e.extname) END AS fix,
       NULL::text AS severity, NULL::text AS needs
FROM pg_catalog.pg_extension e
JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
WHERE n.nspname = 'public'
ORDER BY 1;
