-- SPDX-License-Identifier: Apache-2.0
-- How many locks all sessions together can hold, by the manual's formula for max_locks_per_transaction.
SELECT pg_catalog.current_setting('max_locks_per_transaction')::bigint
       OPERATOR(pg_catalog.*) (pg_catalog.current_setting('max_connections')::bigint
       OPERATOR(pg_catalog.+) pg_catalog.current_setting('max_prepared_transactions')::bigint) AS locks;
