-- SPDX-License-Identifier: Apache-2.0
-- After a migration. $1 its number, $2 made for tests (only the first migration may say so).
UPDATE pgtend.meta AS m
SET schema_version = $1::integer,
    test_clock = CASE WHEN m.schema_version OPERATOR(pg_catalog.=) 0 THEN $2::boolean ELSE m.test_clock END;
