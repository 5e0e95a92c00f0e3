-- SPDX-License-Identifier: Apache-2.0
-- What the newest job of the kind check found, a row for each finding, or one without a check. Instants are microseconds since 1970.
-- $1 profile.
SELECT l.job, pg_catalog.numeric_mul(EXTRACT(epoch FROM l.taken), 1000000)::bigint AS taken, l.errors, l.warnings, l.infos, l.skipped,
       f."check" AS rule, f.severity, f.object, f.detail, f.message
FROM (SELECT r.* FROM pgtend.readiness r WHERE r.profile OPERATOR(pg_catalog.=) $1::pg_catalog.text ORDER BY r.id DESC LIMIT 1) l
LEFT JOIN LATERAL pg_catalog.jsonb_to_recordset(l.findings)
    f("check" text, severity text, object text, detail text, message text) ON true
ORDER BY f."check", f.object, f.detail;
