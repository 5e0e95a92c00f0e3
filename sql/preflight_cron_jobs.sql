-- SPDX-License-Identifier: Apache-2.0
-- What pg_cron runs in this database, as far as its policy shows it to this role.
-- requires: pg_cron
-- No parameters.
SELECT j.jobid AS id, j.schedule, j.command
FROM ONLY cron.job j
WHERE j.active AND j.database = pg_catalog.current_database()
ORDER BY j.jobid;
