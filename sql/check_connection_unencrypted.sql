-- SPDX-License-Identifier: Apache-2.0
-- Roles that are connected from another machine without TLS or GSSAPI encryption.
SELECT pg_catalog.format('role %I', a.usename) AS object,
       pg_catalog.format('its sessions from %s are not encrypted: %s', pg_catalog.string_agg(DISTINCT pg_catalog.host(a.client_addr), ', '),
                         pg_catalog.count(*)) AS message,
       pg_catalog.count(*)::float8 AS value, NULL::text AS fix, NULL::text AS severity, NULL::text AS needs
FROM pg_catalog.pg_stat_activity a
JOIN pg_catalog.pg_stat_ssl s ON s.pid = a.pid
LEFT JOIN pg_catalog.pg_stat_gssapi g ON g.pid = a.pid
WHERE NOT s.ssl AND g.encrypted IS NOT TRUE AND a.usename IS NOT NULL
  AND NOT (pg_catalog.family(a.client_addr) = 4 AND a.client_addr <<= '127.0.0.0/8' OR a.client_addr = '::1')
GROUP BY a.usename
UNION ALL
SELECT 'sessions', pg_catalog.format('%s of other roles cannot be seen', pg_catalog.count(*)), pg_catalog.count(*), NULL, NULL,
       'pg_read_all_stats'
FROM pg_catalog.pg_stat_activity a
WHERE a.backend_type IS NULL AND a.usesysid IS NOT NULL
  AND (a.datid IS NOT NULL OR a.pid IN (SELECT w.pid FROM pg_catalog.pg_stat_get_wal_senders() w))
HAVING pg_catalog.count(*) > 0
ORDER BY 1;
