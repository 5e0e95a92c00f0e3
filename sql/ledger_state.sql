-- SPDX-License-Identifier: Apache-2.0
-- Is there a ledger, and could there be one here?
SELECT EXISTS (
           SELECT FROM pg_catalog.pg_class c
           JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
           WHERE n.nspname OPERATOR(pg_catalog.=) 'pgtend' AND c.relname OPERATOR(pg_catalog.=) 'meta'
       ) AS present,
       EXISTS (SELECT FROM pg_catalog.pg_namespace n WHERE n.nspname OPERATOR(pg_catalog.=) 'pgtend') AS schema_present,
       pg_catalog.pg_is_in_recovery() AS in_recovery,
       current_user AS role;
