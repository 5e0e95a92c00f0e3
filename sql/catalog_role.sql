-- SPDX-License-Identifier: Apache-2.0
-- One row when there is such a role.
-- $1 text: its name
SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolname = $1::name;
