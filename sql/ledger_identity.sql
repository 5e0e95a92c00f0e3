-- SPDX-License-Identifier: Apache-2.0
-- Tells this server from any other, and so a restored copy of the database from the original; 42501 where it was revoked.
SELECT c.system_identifier::pg_catalog.text AS system_identifier FROM pg_catalog.pg_control_system() c;
