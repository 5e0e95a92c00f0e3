-- SPDX-License-Identifier: Apache-2.0
-- One batch of old history: what is older than 30 days or beyond the newest 1,000 of its job, never a running one.
-- Runners not seen for a day go with it. Two at once do not wait for each other.
-- $1 at most so many rows.
WITH beyond AS MATERIALIZED (
    SELECT j.job, (SELECT r.id FROM pgtend.run r WHERE r.job OPERATOR(pg_catalog.=) j.job
                   ORDER BY r.id DESC OFFSET 1000 LIMIT 1) AS id
    FROM pgtend.lease j
), candidates AS MATERIALIZED (
    (SELECT r.id FROM pgtend.run r
        WHERE r.status OPERATOR(pg_catalog.<>) 'running'
          AND r.started OPERATOR(pg_catalog.<) (pg_catalog.now() OPERATOR(pg_catalog.-) pg_catalog.make_interval(days => 30))
        LIMIT $1::bigint)
    UNION
    (SELECT r.id FROM beyond b
        JOIN pgtend.run r ON r.job OPERATOR(pg_catalog.=) b.job AND r.id OPERATOR(pg_catalog.<=) b.id
        WHERE r.status OPERATOR(pg_catalog.<>) 'running'
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
