-- SPDX-License-Identifier: Apache-2.0
-- Whether a statement ends when its client is gone, for the role of this session. reset_val is what the session began with.
SELECT s.name AS object, 'is 0: what a client that is gone had started runs to its end, with its locks' AS message,
       NULL::float8 AS value,
       pg_catalog.format('ALTER ROLE %I SET client_connection_check_interval = ''5s''', current_user) AS fix,
       NULL::text AS severity, NULL::text AS needs
FROM pg_catalog.pg_settings s
WHERE s.name = 'client_connection_check_interval' AND s.reset_val = '0';
