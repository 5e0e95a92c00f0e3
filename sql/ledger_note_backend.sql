-- SPDX-License-Identifier: Apache-2.0
-- One more backend that does work which no fence can guard (outside transactions): no takeover while one of them lives. Its start
-- tells it from a later one with the same pid; other roles' starts are hidden (null), then the pid alone counts.
-- $1 job, $2 token, $3 pid as pg_backend_pid() says it; 0: none any more. No row: the lease is lost; `seen`: the backend lives.
UPDATE pgtend.lease AS l
SET backend_pids = CASE WHEN $3::integer OPERATOR(pg_catalog.<>) 0
                        THEN pg_catalog.array_append(l.backend_pids, $3::integer) ELSE '{}' END,
    backend_starts = CASE WHEN $3::integer OPERATOR(pg_catalog.<>) 0
                          THEN pg_catalog.array_append(l.backend_starts, (
                              SELECT a.backend_start FROM pg_catalog.pg_stat_activity a
                              WHERE a.pid OPERATOR(pg_catalog.=) $3::integer)) ELSE '{}' END
WHERE l.job OPERATOR(pg_catalog.=) $1::pg_catalog.text AND l.token OPERATOR(pg_catalog.=) $2::bigint AND l.holder IS NOT NULL
RETURNING $3::integer OPERATOR(pg_catalog.=) 0
    OR EXISTS (SELECT FROM pg_catalog.pg_stat_activity a WHERE a.pid OPERATOR(pg_catalog.=) $3::integer) AS seen;
