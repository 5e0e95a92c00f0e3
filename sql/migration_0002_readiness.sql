-- SPDX-License-Identifier: Apache-2.0
-- What jobs of the kind check found, for what is new since the last one. Texts to read: nothing of it is ever executed.
CREATE TABLE pgtend.readiness (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job      pgtend.job_name NOT NULL,
    taken    timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    profile  text NOT NULL,
    errors   integer NOT NULL,
    warnings integer NOT NULL,
    infos    integer NOT NULL,
    skipped  integer NOT NULL,
    findings jsonb NOT NULL
);
CREATE INDEX readiness_job_id_idx ON pgtend.readiness (job, id);
COMMENT ON TABLE pgtend.readiness IS 'what jobs of the kind check found: the newest 100 of each job';
COMMENT ON COLUMN pgtend.readiness.profile IS 'of checks: profiles: of the file; empty: none';
COMMENT ON COLUMN pgtend.readiness.findings IS 'check, severity, object, detail, message of each; the first 5,000';

-- Default privileges may have given this new table away.
DO $$
DECLARE
    o record;
BEGIN
    FOR o IN SELECT DISTINCT a.grantee, CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind, c.oid::regclass AS name
             FROM pg_catalog.pg_class c
             JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
             CROSS JOIN LATERAL pg_catalog.aclexplode(c.relacl) a
             WHERE n.nspname OPERATOR(pg_catalog.=) 'pgtend' AND c.relname OPERATOR(pg_catalog.~~) 'readiness%'
               AND c.relkind OPERATOR(pg_catalog.=) ANY ('{r,S}') AND a.grantee OPERATOR(pg_catalog.<>) c.relowner
    LOOP
        EXECUTE pg_catalog.format('REVOKE ALL ON %s %s FROM %s CASCADE', o.kind, o.name,
            CASE WHEN o.grantee OPERATOR(pg_catalog.=) 0 THEN 'PUBLIC'
                 ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(o.grantee)) END);
    END LOOP;
END
$$;
