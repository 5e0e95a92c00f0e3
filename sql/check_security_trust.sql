-- SPDX-License-Identifier: Apache-2.0
-- Lines of pg_hba.conf that let other machines in without a password (trust, unless a client certificate is asked for), or send it in the
-- clear. Only who may call pg_hba_file_rules() sees them: a query that names it is refused to others even where it would not be called,
-- therefore it stands in a text, which ts_stat runs; each line comes as one word.
SELECT pg_catalog.format('%s:%s', s.word::json ->> 6, s.word::json ->> 0) AS object,
       pg_catalog.format('%s by %s for database %s, role %s from %s',
                         CASE s.word::json ->> 2 WHEN 'trust' THEN 'no password' ELSE 'password in the clear' END,
                         s.word::json ->> 1, s.word::json ->> 3, s.word::json ->> 4, s.word::json ->> 5) AS message,
       NULL::float8 AS value, NULL::text AS fix, NULL::text AS severity, NULL::text AS needs
FROM (SELECT $query$
          SELECT pg_catalog.array_to_tsvector(ARRAY[pg_catalog.json_build_array(
                     r.line_number, r.type, r.auth_method, pg_catalog.left(pg_catalog.array_to_string(r.database, ','), 80),
                     pg_catalog.left(pg_catalog.array_to_string(r.user_name, ','), 80), pg_catalog.concat_ws('/', r.address, r.netmask),
                     -- From 16 on a file may include others.
                     pg_catalog.regexp_replace(coalesce(pg_catalog.to_jsonb(r) ->> 'file_name', 'pg_hba.conf'), '.*/', ''))::text])
          FROM pg_catalog.pg_hba_file_rules() r
          WHERE r.type LIKE 'host%' AND r.error IS NULL
            AND NOT (r.address LIKE '127.%' AND r.netmask LIKE '255.%' OR r.address = '::1' AND r.netmask NOT LIKE '%:0'
                     OR r.address IN ('localhost', 'samehost'))
            AND (r.auth_method = 'trust' AND pg_catalog.array_to_string(r.options, ',') NOT LIKE '%clientcert=verify%'
                 OR r.auth_method = 'trust' AND r.options IS NULL
                 OR r.auth_method = 'password' AND r.type IN ('host', 'hostnossl'))$query$
      WHERE pg_catalog.has_function_privilege('pg_catalog.pg_hba_file_rules()', 'EXECUTE')) AS q (query)
CROSS JOIN LATERAL pg_catalog.ts_stat(q.query) s
UNION ALL
SELECT 'pg_hba.conf', 'who may connect how cannot be seen', NULL, NULL, NULL, 'a superuser, or EXECUTE on pg_hba_file_rules()'
WHERE NOT pg_catalog.has_function_privilege('pg_catalog.pg_hba_file_rules()', 'EXECUTE')
ORDER BY 1;
