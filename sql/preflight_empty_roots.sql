-- SPDX-License-Identifier: Apache-2.0
-- Whether one of these names is that of a partitioned table without partitions, which has no row for another reason than a
-- condition.
-- $1 text[]: names
SELECT EXISTS (SELECT FROM pg_catalog.pg_class c
               WHERE c.relname = ANY ($1::name[]) AND c.relkind = 'p'
                 AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE i.inhparent = c.oid)) AS empty;
