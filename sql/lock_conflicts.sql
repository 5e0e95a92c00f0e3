-- SPDX-License-Identifier: Apache-2.0
-- Which locks others hold right now on relations: the cheap question before every attempt to lock them (lock_holders.sql, which
-- says who, takes several times as long to plan).
-- $1 text[]: relations as written in SQL ("public"."x").
-- A row for each of them that exists and each lock, with its mode as pg_locks shows it; one row with a null mode for a relation
-- without any. A lock may be on another database's relation of the same oid.
-- Error 42501 when the role may not use a relation's schema. Runs under the work's search_path, hence the qualified operators.
SELECT r.relation, l.mode
  FROM (SELECT w.relation, pg_catalog.to_regclass(w.relation)::pg_catalog.oid AS oid
          FROM pg_catalog.unnest($1::pg_catalog.text[]) AS w (relation)) r
  LEFT JOIN pg_catalog.pg_locks l
         ON l.relation OPERATOR(pg_catalog.=) r.oid AND l.granted
        AND (l.pid IS NULL OR l.pid OPERATOR(pg_catalog.<>) pg_catalog.pg_backend_pid())
 WHERE r.oid IS NOT NULL;
