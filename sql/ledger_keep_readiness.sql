-- SPDX-License-Identifier: Apache-2.0
-- What a job of the kind check found, in one row; of each job the newest 100 stay.
-- $1 job, $2 profile, $3 errors, $4 warnings, $5 infos, $6 skipped checks; of each finding: $7 its check, $8 severity, $9 object,
-- $10 detail, $11 message.
WITH kept AS (
    INSERT INTO pgtend.readiness AS r (job, profile, errors, warnings, infos, skipped, findings)
    SELECT $1::pg_catalog.text, $2::pg_catalog.text, $3::integer, $4::integer, $5::integer, $6::integer,
           coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('check', f.rule, 'severity', f.severity, 'object', f.object,
                                                                       'detail', f.detail, 'message', f.message)), '[]')
    FROM ROWS FROM (
        pg_catalog.unnest($7::pg_catalog.text[]), pg_catalog.unnest($8::pg_catalog.text[]), pg_catalog.unnest($9::pg_catalog.text[]),
        pg_catalog.unnest($10::pg_catalog.text[]), pg_catalog.unnest($11::pg_catalog.text[])
    ) f(rule, severity, object, detail, message)
    RETURNING r.id
), gone AS (
    DELETE FROM pgtend.readiness AS r
    WHERE r.job OPERATOR(pg_catalog.=) $1::pg_catalog.text
      AND r.id OPERATOR(pg_catalog.<=) (SELECT o.id FROM pgtend.readiness o WHERE o.job OPERATOR(pg_catalog.=) $1::pg_catalog.text
                                        ORDER BY o.id DESC OFFSET 99 LIMIT 1)
)
SELECT k.id FROM kept k;
