-- SPDX-License-Identifier: Apache-2.0
-- Settings without which a crash destroys data.
SELECT s.name AS object, 'is off: after a crash the data may be destroyed' AS message,
       NULL::float8 AS value, pg_catalog.format('ALTER SYSTEM SET %s = on', s.name) AS fix, NULL::text AS severity, NULL::text AS needs
FROM (VALUES ('fsync'), ('full_page_writes')) AS s (name)
WHERE NOT pg_catalog.current_setting(s.name)::bool
ORDER BY 1;
