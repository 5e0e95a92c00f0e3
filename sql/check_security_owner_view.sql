-- SPDX-License-Identifier: Apache-2.0
-- Views that show the roles of an API (anon, authenticated) rows which a policy hides: they read, as their owner and at any depth, tables
-- with row level security that the owner is exempt from. security_invoker exists from 15 on.
WITH RECURSIVE open AS MATERIALIZED (
    SELECT c.oid, n.nspname, c.relname, c.relowner,
           pg_catalog.string_agg(r.rolname, ', ' ORDER BY r.rolname) AS readers
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_roles r ON r.rolname IN ('anon', 'authenticated') AND pg_catalog.has_schema_privilege(r.oid, n.oid, 'USAGE')
    WHERE c.relkind = 'v' AND c.relpersistence <> 't'
      AND n.nspname <> ALL (ARRAY['pgtend', 'information_schema']) AND n.nspname NOT LIKE 'pg\_%'
      AND pg_catalog.has_any_column_privilege(r.oid, c.oid, 'SELECT')
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_options_to_table(c.reloptions) o
                      WHERE o.option_name = 'security_invoker' AND o.option_value::bool)
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                      WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.objsubid = 0 AND d.deptype = 'e')
    GROUP BY c.oid, n.nspname, c.relname, c.relowner
),
-- Each relation that is read below a view, and as whom.
below (view, relation, reader) AS (
    SELECT o.oid, o.oid, o.relowner FROM open o
    UNION
    SELECT b.view, c.oid,
           CASE WHEN c.relkind = 'v' AND NOT EXISTS (SELECT FROM pg_catalog.pg_options_to_table(c.reloptions) o
                                                     WHERE o.option_name = 'security_invoker' AND o.option_value::bool)
                THEN c.relowner ELSE b.reader END
    FROM below b
    JOIN pg_catalog.pg_rewrite w ON w.ev_class = b.relation AND w.rulename = '_RETURN'
    JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = w.oid
                               AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid <> b.relation
    JOIN pg_catalog.pg_class c ON c.oid = d.refobjid AND c.relkind IN ('r', 'p', 'v')
)
SELECT pg_catalog.format('%I.%I', o.nspname, o.relname) AS object,
       pg_catalog.format('shows %s every row of %s, which has row level security', o.readers,
                         pg_catalog.string_agg(DISTINCT pg_catalog.format('%I.%I', n.nspname, c.relname), ', ')) AS message,
       NULL::float8 AS value,
       CASE WHEN pg_catalog.current_setting('server_version_num')::int >= 150000
            THEN pg_catalog.format('ALTER VIEW %I.%I SET (security_invoker = true)', o.nspname, o.relname)
            ELSE pg_catalog.format('REVOKE SELECT ON %I.%I FROM PUBLIC, %s', o.nspname, o.relname, o.readers) END AS fix,
       NULL::text AS severity, NULL::text AS needs
FROM open o
JOIN below b ON b.view = o.oid
JOIN pg_catalog.pg_class c ON c.oid = b.relation AND c.relrowsecurity
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_roles r ON r.oid = b.reader
WHERE r.rolsuper OR r.rolbypassrls OR NOT c.relforcerowsecurity AND pg_catalog.pg_has_role(r.oid, c.relowner, 'USAGE')
GROUP BY o.nspname, o.relname, o.readers
ORDER BY 1;
