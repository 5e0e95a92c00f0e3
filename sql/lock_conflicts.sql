-- Whether anybody else seems to hold, right now, a lock that conflicts with one that is wanted: the cheap question before every
-- attempt (lock_holders.sql, which says who, takes five times as long to plan).
-- $1 text[]: relations as written in SQL ("public"."x"); $2 text[]: a mode as pg_locks shows it that conflicts with the wanted
--   one; one element in each for every pair of relation and mode.
-- `existing`: how many of the relations exist. `busy` may be true because of another database's relation of the same oid.
-- Error 42501 when the role may not use a relation's schema. Runs under the work's search_path, hence the qualified operators.
SELECT (SELECT count(DISTINCT pg_catalog.to_regclass(e.relation)) FROM pg_catalog.unnest($1::pg_catalog.text[]) AS e (relation))
           AS existing,
       EXISTS (SELECT FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.text[]), pg_catalog.unnest($2::pg_catalog.text[]))
                               AS w (relation, mode)
                 JOIN pg_catalog.pg_locks l
                   ON l.relation OPERATOR(pg_catalog.=) pg_catalog.to_regclass(w.relation)::pg_catalog.oid
                  AND l.mode OPERATOR(pg_catalog.=) w.mode
                WHERE l.granted AND l.locktype OPERATOR(pg_catalog.=) 'relation'
                  AND (l.pid IS NULL OR l.pid OPERATOR(pg_catalog.<>) pg_catalog.pg_backend_pid())) AS busy;
