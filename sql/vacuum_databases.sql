-- SPDX-License-Identifier: Apache-2.0
-- How old the oldest transaction and the oldest multixact of each database are, the oldest first.
SELECT d.datname AS name, pg_catalog.age(d.datfrozenxid) AS age, pg_catalog.mxid_age(d.datminmxid) AS multixact_age
FROM pg_catalog.pg_database d
ORDER BY greatest(pg_catalog.age(d.datfrozenxid), pg_catalog.mxid_age(d.datminmxid)) DESC, d.datname;
