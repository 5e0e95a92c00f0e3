-- SPDX-License-Identifier: Apache-2.0
-- The ledger: who may run which job, what ran, and who runs. No SQL that anybody executes is stored here.
-- `pgtend init` runs this in one transaction with an empty search_path and then sets meta.schema_version.
-- Not IF NOT EXISTS: that wants CREATE on the database even where the owner has made the schema beforehand.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_namespace n WHERE n.nspname = 'pgtend') THEN
        CREATE SCHEMA pgtend;
        COMMENT ON SCHEMA pgtend IS 'ledger of pgtend: claims, leases, run history (created by pgtend init)';
    END IF;
END
$$;

-- meta, lease and runner are read by the first query of each tick, in a fresh backend: a table with a DEFAULT or a CHECK would make
-- it open two more catalogs for that, a domain does not.
CREATE DOMAIN pgtend.only_row AS boolean CHECK (VALUE);
-- Collation C: compared byte by byte, and no index of the ledger depends on the collations of the server's operating system, which
-- change with its upgrades.
CREATE DOMAIN pgtend.job_name AS text COLLATE pg_catalog."C" CHECK (char_length(VALUE) BETWEEN 1 AND 200);
CREATE DOMAIN pgtend.run_status AS text COLLATE pg_catalog."C"
    CHECK (VALUE IN ('running', 'succeeded', 'failed', 'skipped', 'lost', 'interrupted', 'timed_out'));

CREATE TABLE pgtend.meta (
    only_row           pgtend.only_row PRIMARY KEY,
    schema_version     integer NOT NULL,
    system_identifier  text,
    database_oid       oid,
    test_clock         boolean NOT NULL,
    all_paused         boolean NOT NULL,
    all_paused_because text NOT NULL,
    connect_failures   integer NOT NULL,
    connect_failed_at  timestamp with time zone,
    created            timestamp with time zone NOT NULL
);
COMMENT ON TABLE pgtend.meta IS 'one row: version of this schema, and the database it belongs to';
COMMENT ON COLUMN pgtend.meta.schema_version IS 'number of the last migration; an older pgtend refuses a newer ledger';
COMMENT ON COLUMN pgtend.meta.system_identifier IS 'of the server that this ledger was made for (pg_control_system); null when the role could not read it';
COMMENT ON COLUMN pgtend.meta.database_oid IS 'of the database that this ledger was made for: in a restored copy nothing runs until pgtend init --adopt';
COMMENT ON COLUMN pgtend.meta.test_clock IS 'made for tests: pgtend tick --now is allowed';
COMMENT ON COLUMN pgtend.meta.all_paused IS 'no job is started by its schedule';
COMMENT ON COLUMN pgtend.meta.connect_failures IS 'ticks in a row that had this ledger, and no session for the work of jobs';
COMMENT ON COLUMN pgtend.meta.connect_failed_at IS 'when the last of them noticed; null: none did';

-- Renewals and finished runs change no indexed column, so that with room on the page they are HOT updates. A truncating vacuum
-- would take an ACCESS EXCLUSIVE lock that every claim and fence waits for.
CREATE TABLE pgtend.lease (
    job            pgtend.job_name PRIMARY KEY,
    token          bigint NOT NULL,
    holder         text,
    lease_until    timestamp with time zone,
    backend_pids   integer[] NOT NULL,
    backend_starts timestamp with time zone[] NOT NULL,
    last_slot      timestamp with time zone,
    open_slot      timestamp with time zone,
    open_attempts  integer NOT NULL,
    open_begun     boolean NOT NULL,
    open_status    pgtend.run_status,
    last_status    pgtend.run_status,
    finished_at    timestamp with time zone,
    failures       integer NOT NULL,
    failed_at      timestamp with time zone,
    schedule       text NOT NULL,
    time_zone      text NOT NULL,
    kind           text NOT NULL,
    counts_from    timestamp with time zone,
    paused         boolean NOT NULL,
    paused_because text NOT NULL
) WITH (fillfactor = 50, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0.05, vacuum_truncate = false);
COMMENT ON TABLE pgtend.lease IS 'one row a job: watermark of its schedule, and the right to work on it';
COMMENT ON COLUMN pgtend.lease.token IS 'raised by every claim and takeover, together with that of the fence';
COMMENT ON COLUMN pgtend.lease.holder IS 'runner that has the job: host/pid/random; null, as lease_until is: free';
COMMENT ON COLUMN pgtend.lease.lease_until IS 'from then on, by this server''s clock, another runner may take over';
COMMENT ON COLUMN pgtend.lease.backend_pids IS 'backends of work that cannot run in a transaction; no takeover while one of them lives';
COMMENT ON COLUMN pgtend.lease.backend_starts IS 'when each of them started; null: hidden from the role';
COMMENT ON COLUMN pgtend.lease.last_slot IS 'watermark: no slot up to here is started any more, except open_slot';
COMMENT ON COLUMN pgtend.lease.open_slot IS 'claimed and not finished; may be claimed again when its runner is gone; null when open_status is';
COMMENT ON COLUMN pgtend.lease.open_attempts IS 'runs of open_slot so far that began their work';
COMMENT ON COLUMN pgtend.lease.open_begun IS 'false: the last run of open_slot sent nothing of its work, so that repeating it is safe for every kind';
COMMENT ON COLUMN pgtend.lease.failures IS 'failed runs since one succeeded; a run by hand that fails, and one whose runner was told to stop, do not count';
COMMENT ON COLUMN pgtend.lease.failed_at IS 'when the last of them ended: what the pause of the breaker counts from; null: there is none';
COMMENT ON COLUMN pgtend.lease.counts_from IS 'the schedule noted here counts from then: a watermark too; null: the job was only paused or run by hand so far';

-- A table of its own, that nothing but claims and takeovers updates: an UPDATE that has to let go of the page between locking the old
-- row and writing the new one (a full page, a TOASTed value) forgets whoever locked the old one FOR KEY SHARE meanwhile, in PostgreSQL
-- 14 to 18 (seen on 14, 15 and 18). On the lease's row a renewal at the wrong microsecond would let a takeover pass that work transaction.
CREATE TABLE pgtend.fence (
    job   pgtend.job_name PRIMARY KEY,
    token bigint NOT NULL
) WITH (fillfactor = 50, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0.05, vacuum_truncate = false);
COMMENT ON TABLE pgtend.fence IS 'one row for each of lease: locked FOR SHARE by every work transaction, so that no claim or takeover passes it';
COMMENT ON COLUMN pgtend.fence.token IS 'that of the lease: a work transaction that does not find its own does nothing';

CREATE TABLE pgtend.run (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job      pgtend.job_name NOT NULL,
    slot     timestamp with time zone,
    attempt  integer NOT NULL DEFAULT 1,
    token    bigint,
    status   pgtend.run_status NOT NULL,
    holder   text NOT NULL DEFAULT '',
    started  timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    finished timestamp with time zone,
    rows     bigint NOT NULL DEFAULT 0,
    error    text NOT NULL DEFAULT '',
    sqlstate text NOT NULL DEFAULT '',
    hint     text NOT NULL DEFAULT '',
    output   text NOT NULL DEFAULT '',
    CHECK ((status = 'running') = (finished IS NULL))
) WITH (autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX run_job_id_idx ON pgtend.run (job, id);
CREATE INDEX run_started_idx ON pgtend.run (started);
-- What was run of a job up to a slot: asked for each job while a clock that was set back lies before their watermarks.
CREATE INDEX run_job_slot_idx ON pgtend.run (job, slot) WHERE status <> 'skipped';
CREATE INDEX run_running_idx ON pgtend.run (job) WHERE status = 'running';
-- Few runs of many, looked for among years of them. A run that goes well is never in it.
CREATE INDEX run_status_id_idx ON pgtend.run (status, id) WHERE status IN ('failed', 'skipped', 'lost', 'interrupted', 'timed_out');
COMMENT ON TABLE pgtend.run IS 'history: 30 days or 1,000 rows a job; purging it loses no watermark';
COMMENT ON COLUMN pgtend.run.slot IS 'the instant that the schedule named; null: a run by hand';
COMMENT ON COLUMN pgtend.run.attempt IS 'of this slot, from 1; 0: skipped';
COMMENT ON COLUMN pgtend.run.rows IS 'rows that the job touched';

CREATE TABLE pgtend.runner (
    host         text COLLATE pg_catalog."C" NOT NULL,
    config_file  text COLLATE pg_catalog."C" NOT NULL,
    config_hash  text NOT NULL,
    holder       text NOT NULL,
    heartbeat    timestamp with time zone NOT NULL,
    evaluated_at timestamp with time zone,
    PRIMARY KEY (host, config_file)
) WITH (fillfactor = 50, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0.05, vacuum_truncate = false);
COMMENT ON TABLE pgtend.runner IS 'runners seen lately, one row a host and configuration file';
COMMENT ON COLUMN pgtend.runner.config_hash IS 'of what decides schedules: two runners that differ here are warned about';
COMMENT ON COLUMN pgtend.runner.evaluated_at IS 'until when this file''s schedules were evaluated on this host';

-- No tick reads it. regclass: a dump that is restored elsewhere, where OIDs differ, means the same tables.
CREATE TABLE pgtend.storage_parameter (
    relation          regclass NOT NULL,
    parameter         text COLLATE pg_catalog."C" NOT NULL,
    table_name        text NOT NULL,
    original          text,
    value             text NOT NULL,
    of_new_partitions boolean NOT NULL,
    changed           timestamp with time zone NOT NULL,
    PRIMARY KEY (relation, parameter)
);
COMMENT ON TABLE pgtend.storage_parameter IS 'storage parameters that pgtend autovacuum apply has set, and what they were before';
COMMENT ON COLUMN pgtend.storage_parameter.parameter IS 'as in CREATE TABLE, with toast. where it is of the TOAST table';
COMMENT ON COLUMN pgtend.storage_parameter.table_name IS 'name of the table then, for when it is gone';
COMMENT ON COLUMN pgtend.storage_parameter.original IS 'what autovacuum revert puts back; null: it was not set';
COMMENT ON COLUMN pgtend.storage_parameter.value IS 'what was set; a table that has another value now was changed by somebody since, and is left alone';
COMMENT ON COLUMN pgtend.storage_parameter.of_new_partitions IS 'of a partitioned table: partitions made since then have the value from the start';

-- Default privileges may have given these new tables away: PUBLIC gets nothing (pgtend init revokes the rest).
REVOKE ALL ON ALL TABLES IN SCHEMA pgtend FROM PUBLIC;
INSERT INTO pgtend.meta (only_row, schema_version, test_clock, all_paused, all_paused_because, connect_failures, created)
VALUES (true, 0, false, false, '', 0, clock_timestamp());
