-- SPDX-License-Identifier: Apache-2.0
-- Passwords kept as MD5, which is as good as the password to whoever reads it. Only who may read pg_authid sees them: a query that
-- names it is refused to others even where it would not be read, therefore it stands in a text, which ts_stat runs.
SELECT 'password_encryption' AS object, 'is md5: new passwords are kept as MD5' AS message, NULL::float8 AS value,
       'ALTER SYSTEM SET password_encryption = ''scram-sha-256''' AS fix, NULL::text AS severity, NULL::text AS needs
WHERE pg_catalog.current_setting('password_encryption') NOT LIKE 'scram%'
UNION ALL
SELECT pg_catalog.format('role %I', s.word), 'its password is kept as MD5: set it again', NULL,
       pg_catalog.format('\password %I', s.word), NULL, NULL
FROM (SELECT 'SELECT pg_catalog.array_to_tsvector(ARRAY[rolname::text]) FROM pg_catalog.pg_authid WHERE rolpassword LIKE ''md5%'''
      WHERE pg_catalog.has_table_privilege('pg_catalog.pg_authid', 'SELECT')) AS q (query)
CROSS JOIN LATERAL pg_catalog.ts_stat(q.query) s
UNION ALL
SELECT 'passwords', 'how passwords are kept cannot be seen', NULL, NULL, NULL, 'a superuser, or SELECT on pg_authid'
WHERE NOT pg_catalog.has_table_privilege('pg_catalog.pg_authid', 'SELECT')
ORDER BY 1;
