-- SPDX-License-Identifier: Apache-2.0
-- Pages whose checksum was wrong, which means that the storage lost data; and whether checksums are kept at all.
SELECT coalesce(pg_catalog.format('database %I', d.datname), 'shared catalogs') AS object,
       pg_catalog.format('%s pages had a wrong checksum, the last %s', d.checksum_failures,
                         pg_catalog.to_char(d.checksum_last_failure AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')) AS message,
       d.checksum_failures::float8 AS value, NULL::text AS fix, 'error' AS severity, NULL::text AS needs
FROM pg_catalog.pg_stat_database d
WHERE d.checksum_failures > 0
UNION ALL
SELECT 'data_checksums', 'is off: damage by the storage goes unnoticed', NULL, NULL, 'info', NULL
WHERE NOT pg_catalog.current_setting('data_checksums')::bool
ORDER BY 1;
