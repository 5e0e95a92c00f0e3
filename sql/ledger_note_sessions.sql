-- SPDX-License-Identifier: Apache-2.0
-- Whether a session for the work of jobs could be had. Of several runners that saw the same number of failures one adds to it.
-- $1 it could, $2 failures as they were seen.
UPDATE pgtend.meta AS m
SET connect_failures = CASE WHEN $1::boolean THEN 0 ELSE m.connect_failures OPERATOR(pg_catalog.+) 1 END,
    connect_failed_at = CASE WHEN NOT $1::boolean THEN pg_catalog.clock_timestamp() END
WHERE CASE WHEN $1::boolean THEN m.connect_failures OPERATOR(pg_catalog.<>) 0
           ELSE m.connect_failures OPERATOR(pg_catalog.=) $2::integer END;
