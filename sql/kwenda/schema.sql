-- SPDX-License-Identifier: Apache-2.0
-- Kwenda's reference schema, for psql on an empty database:
--   psql -X -q -1 -v ON_ERROR_STOP=1 -f sql/kwenda/schema.sql
-- The seven files are plain SQL without psql commands: whoever has no psql runs them one after the other.
-- A comment "Difficulty:" marks what makes this schema hard for a maintenance tool; README.md lists them.
\ir 01_foundation.sql
\ir 02_transport.sql
\ir 03_commerce.sql
\ir 04_operation.sql
\ir 05_triggers.sql
\ir 06_security.sql
\ir 07_views.sql
