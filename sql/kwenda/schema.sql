-- SPDX-License-Identifier: Apache-2.0
-- Kwenda's reference schema, for psql on an empty database:
--   psql -X -q -1 -v ON_ERROR_STOP=1 -f sql/kwenda/schema.sql
-- The five files are plain SQL without psql commands: whoever has no psql runs them one after the other.
-- A comment "Difficulty:" marks what makes this schema hard for a maintenance tool; README.md lists them.
\ir 01_foundation.sql
\ir 02_tables.sql
\ir 03_triggers.sql
\ir 04_security.sql
\ir 05_views.sql
