-- SPDX-License-Identifier: Apache-2.0
-- Whether the server has the fixes of its major version, by the minor versions that were known when this program was built: each date with
-- what was released on it. PostgreSQL brings one every three months, so that the table says nothing any more when its last line is older
-- than four.
-- $1: days that a newer minor version is known before it is a finding.
WITH released (day, versions) AS (
    VALUES ('2021-09-30'::date, ARRAY[140000]), ('2021-11-11', '{140001}'), ('2022-02-10', '{140002}'), ('2022-05-12', '{140003}'),
           ('2022-06-16', '{140004}'), ('2022-08-11', '{140005}'), ('2022-10-13', '{150000}'), ('2022-11-10', '{140006,150001}'),
           ('2023-02-09', '{140007,150002}'), ('2023-05-11', '{140008,150003}'), ('2023-08-10', '{140009,150004}'), ('2023-09-14', '{160000}'),
           ('2023-11-09', '{140010,150005,160001}'), ('2024-02-08', '{140011,150006,160002}'), ('2024-05-09', '{140012,150007,160003}'),
           ('2024-08-08', '{140013,150008,160004}'), ('2024-09-26', '{170000}'), ('2024-11-14', '{140014,150009,160005,170001}'),
           ('2024-11-21', '{140015,150010,160006,170002}'), ('2025-02-13', '{140016,150011,160007,170003}'),
           ('2025-02-20', '{140017,150012,160008,170004}'), ('2025-05-08', '{140018,150013,160009,170005}'),
           ('2025-08-14', '{140019,150014,160010,170006}'), ('2025-09-25', '{180000}'),
           ('2025-11-13', '{140020,150015,160011,170007,180001}'), ('2026-02-12', '{140021,150016,160012,170008,180002}'),
           ('2026-02-26', '{140022,150017,160013,170009,180003}'), ('2026-05-14', '{140023,150018,160014,170010,180004}'),
           ('2026-08-13', '{140024,150019,160015,170011,180006}'),
           ('2026-11-12', '{150020}')
), known AS MATERIALIZED (
    SELECT v.version, r.day, s.version AS running
    FROM released r
    CROSS JOIN LATERAL pg_catalog.unnest(r.versions) AS v (version)
    JOIN (SELECT pg_catalog.current_setting('server_version_num')::int) AS s (version) ON s.version / 10000 = v.version / 10000
), judged AS (
    SELECT k.running, pg_catalog.max(k.version) AS newest, pg_catalog.max(k.day) AS until,
           pg_catalog.max(k.day) FILTER (WHERE k.version = k.running) AS since,
           pg_catalog.now()::date - pg_catalog.min(k.day) FILTER (WHERE k.version > k.running) AS behind
    FROM known k GROUP BY k.running
)
SELECT pg_catalog.format('PostgreSQL %s.%s', j.running / 10000, j.running % 10000) AS object,
       pg_catalog.format('%s%s.%s of %s is the newest that was known when pgtend was built', 'it is of ' || j.since || ', and ',
                         j.newest / 10000, j.newest % 10000, j.until) AS message,
       j.behind::float8 AS value,
       pg_catalog.format('install PostgreSQL %s.%s or newer, and restart the server', j.newest / 10000, j.newest % 10000) AS fix,
       NULL::text AS severity, NULL::text AS needs
FROM judged j WHERE j.behind > $1::float8
UNION ALL
SELECT 'PostgreSQL', 'whether there is a newer minor version is not known', NULL, NULL, NULL,
       pg_catalog.format('a newer pgtend: this one knows minor versions until %s', j.until)
FROM judged j WHERE coalesce(j.behind, 0) <= $1::float8 AND pg_catalog.now()::date - j.until > 122;
