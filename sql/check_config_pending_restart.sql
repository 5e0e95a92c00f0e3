-- SPDX-License-Identifier: Apache-2.0
-- Settings that were changed and come into force when the server is started anew. Some of them only certain roles may see.
SELECT s.name AS object, pg_catalog.format('is %s until the server is started anew', pg_catalog.current_setting(s.name)) AS message,
       NULL::float8 AS value, NULL::text AS fix, NULL::text AS severity, NULL::text AS needs
FROM pg_catalog.pg_settings s
WHERE s.pending_restart
UNION ALL
SELECT 'settings', 'some settings are hidden from this role', NULL, NULL, NULL, 'pg_read_all_settings'
WHERE NOT pg_catalog.pg_has_role('pg_read_all_settings', 'USAGE')
ORDER BY 1;
