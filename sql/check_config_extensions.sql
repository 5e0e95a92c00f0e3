-- SPDX-License-Identifier: Apache-2.0
-- Extensions of this database in another version than the server has ready.
SELECT pg_catalog.format('extension %I', e.extname) AS object,
       pg_catalog.format('is at version %s, the server has %s', e.extversion, a.default_version) AS message,
       NULL::float8 AS value, pg_catalog.format('ALTER EXTENSION %I UPDATE', e.extname) AS fix, NULL::text AS severity, NULL::text AS needs
FROM pg_catalog.pg_extension e
JOIN pg_catalog.pg_available_extensions() a ON a.name = e.extname
WHERE a.default_version <> e.extversion
ORDER BY 1;
