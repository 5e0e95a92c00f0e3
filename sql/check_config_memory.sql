-- SPDX-License-Identifier: Apache-2.0
-- Whether shared_buffers is what initdb wrote, however large the machine.
SELECT 'shared_buffers' AS object, pg_catalog.format('is %s, initdb''s default', pg_catalog.current_setting('shared_buffers')) AS message,
       pg_catalog.pg_size_bytes(pg_catalog.current_setting('shared_buffers'))::float8 AS value,
       NULL::text AS fix, NULL::text AS severity, NULL::text AS needs
WHERE pg_catalog.pg_size_bytes(pg_catalog.current_setting('shared_buffers')) <= 134217728;
