-- SPDX-License-Identifier: Apache-2.0
-- A runner was here. Does not wait for the disk: a heartbeat lost in a crash does no harm, and most ticks have nothing else to
-- write.
-- $1 host, $2 configuration file, $3 its hash, $4 holder, $5 until when its schedules were evaluated (null: they were not).
WITH quick AS MATERIALIZED (SELECT pg_catalog.set_config('synchronous_commit', 'off', true) AS setting)
INSERT INTO pgtend.runner AS r (host, config_file, config_hash, holder, heartbeat, evaluated_at)
SELECT $1::pg_catalog.text, $2::pg_catalog.text, $3::pg_catalog.text, $4::pg_catalog.text, pg_catalog.clock_timestamp(),
       $5::pg_catalog.timestamptz
FROM quick
ON CONFLICT (host, config_file) DO UPDATE SET
    config_hash = excluded.config_hash,
    holder = excluded.holder,
    heartbeat = excluded.heartbeat,
    evaluated_at = greatest(r.evaluated_at, excluded.evaluated_at);
