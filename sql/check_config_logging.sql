-- SPDX-License-Identifier: Apache-2.0
-- What the log keeps silent about that one wants to know afterwards.
SELECT s.name AS object, pg_catalog.format('is %s: %s', s.setting, w.silent) AS message, NULL::float8 AS value,
       pg_catalog.format('ALTER SYSTEM SET %s = %L', s.name, w.better) AS fix, NULL::text AS severity, NULL::text AS needs
FROM (VALUES ('log_lock_waits', 'off', 'on', 'waits for locks are not logged'),
             ('log_checkpoints', 'off', 'on', 'checkpoints are not logged'),
             ('log_autovacuum_min_duration', '-1', '10min', 'long runs of autovacuum are not logged')) AS w (name, poor, better, silent)
JOIN pg_catalog.pg_settings s ON s.name = w.name
WHERE s.setting = w.poor
ORDER BY 1;
