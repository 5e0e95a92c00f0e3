-- SPDX-License-Identifier: Apache-2.0
-- requires: pg_partman
-- The tables that pg_partman maintains by itself.
SELECT p.parent_table FROM ONLY partman.part_config p
WHERE p.automatic_maintenance::pg_catalog.text OPERATOR(pg_catalog.=) 'on' ORDER BY p.parent_table;
