-- SPDX-License-Identifier: Apache-2.0
-- One batch of old history: what is older than 30 days, and what is beyond the newest 1,000 of each of these jobs, never a running
-- one. Only jobs that gained rows need be named: 1,000 index entries are read for each.
-- The 30 days count back from the newest run that is a day old, not from now: when the clock has leapt ahead and is set right again
-- within a day, nothing is missing that tells which slots were run.
-- Runners not seen for a day go with it. Two at once do not wait for each other.
-- $1 at most so many rows, $2 jobs.
-- The two bounds on the job, where one equality would do, keep its index in use: ORDER BY id alone may choose the primary key, and
-- walk through the history of all other jobs.
WITH settled AS MATERIALIZED (
    SELECT r.started FROM pgtend.run r
    WHERE r.started OPERATOR(pg_catalog.<) (pg_catalog.now() OPERATOR(pg_catalog.-) pg_catalog.make_interval(days => 1))
    ORDER BY r.started DESC LIMIT 1
), candidates AS MATERIALIZED (
    (SELECT r.id FROM pgtend.run r
        WHERE r.status OPERATOR(pg_catalog.<>) 'running'
          AND r.started OPERATOR(pg_catalog.<)
              ((SELECT s.started FROM settled s) OPERATOR(pg_catalog.-) pg_catalog.make_interval(days => 30))
        ORDER BY r.started
        LIMIT $1::bigint)
    UNION
    (SELECT old.id
        FROM pg_catalog.unnest($2::pg_catalog.text[]) j(job)
        CROSS JOIN LATERAL (
            SELECT r.id FROM pgtend.run r
            WHERE r.job OPERATOR(pg_catalog.>=) j.job AND r.job OPERATOR(pg_catalog.<=) j.job
            ORDER BY r.job DESC, r.id DESC OFFSET 1000 LIMIT 1) beyond
        CROSS JOIN LATERAL (
            SELECT r.id FROM pgtend.run r
            WHERE r.job OPERATOR(pg_catalog.>=) j.job AND r.job OPERATOR(pg_catalog.<=) j.job
              AND r.id OPERATOR(pg_catalog.<=) beyond.id AND r.status OPERATOR(pg_catalog.<>) 'running'
            ORDER BY r.job, r.id LIMIT $1::bigint) old
        LIMIT $1::bigint)
    LIMIT $1::bigint
), old AS MATERIALIZED (
    SELECT r.id FROM pgtend.run r JOIN candidates c ON c.id OPERATOR(pg_catalog.=) r.id FOR UPDATE OF r SKIP LOCKED
), gone AS (
    DELETE FROM pgtend.run AS r USING old WHERE r.id OPERATOR(pg_catalog.=) old.id RETURNING r.id
), unseen AS (
    DELETE FROM pgtend.runner AS r
    WHERE r.heartbeat OPERATOR(pg_catalog.<) (pg_catalog.now() OPERATOR(pg_catalog.-) pg_catalog.make_interval(days => 1))
)
SELECT pg_catalog.count(*) AS gone FROM gone;
