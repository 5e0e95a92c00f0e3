-- SPDX-License-Identifier: Apache-2.0
-- The ledger itself, the server and the database it is in. It goes in one message with ledger_read_leases and ledger_read_runners,
-- the first that each tick asks of a fresh backend, which spends its time on parsing and planning: three plain scans cost it less
-- than their UNION ALL, or than joins. Instants are seconds since 1970.
SELECT m.schema_version,
       m.system_identifier AS noted_system,
       m.database_oid AS noted_database,
       m.all_paused,
       m.all_paused_because,
       m.test_clock,
       (pg_catalog.pg_control_system()).system_identifier,
       pg_catalog.pg_relation_filepath(1259) AS class_path, -- of pg_class: base/<oid of the database>/<file>
       EXTRACT(epoch FROM pg_catalog.clock_timestamp()) AS server_time,
       m.connect_failures,
       EXTRACT(epoch FROM m.connect_failed_at) AS connect_failed_at
FROM pgtend.meta m;
