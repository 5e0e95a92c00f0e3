-- SPDX-License-Identifier: Apache-2.0
-- The ledger belongs to this database of this server.
-- $1 system identifier, null when the role may not read it.
UPDATE pgtend.meta AS m
SET system_identifier = $1::pg_catalog.text,
    database_oid = (SELECT d.oid FROM pg_catalog.pg_database d
                    WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database());
