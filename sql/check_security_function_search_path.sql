-- SPDX-License-Identifier: Apache-2.0
-- Functions of triggers, policies, constraints, indexes and materialized views that name a table or a function without its schema, and
-- fix no search_path: it is looked up where whoever writes, restores or refreshes says, and a temporary table of that name comes first.
-- (From 17 on maintenance looks up nothing but pg_catalog.) The text of a function is looked through for FROM, JOIN, INTO, UPDATE and
-- calls; what it builds at run time is not seen. SECURITY DEFINER functions are check_security_definer_search_path.sql's.
WITH used AS MATERIALIZED (
    SELECT d.refobjid AS function, u.by
    FROM pg_catalog.pg_depend d
    CROSS JOIN LATERAL (
        SELECT 'trigger ' || pg_catalog.quote_ident(t.tgname) FROM pg_catalog.pg_trigger t
        WHERE d.classid = 'pg_catalog.pg_trigger'::regclass AND t.oid = d.objid AND NOT t.tgisinternal
        UNION ALL
        SELECT 'policy ' || pg_catalog.quote_ident(p.polname) FROM pg_catalog.pg_policy p
        WHERE d.classid = 'pg_catalog.pg_policy'::regclass AND p.oid = d.objid
        UNION ALL
        SELECT 'constraint ' || pg_catalog.quote_ident(k.conname) FROM pg_catalog.pg_constraint k
        WHERE d.classid = 'pg_catalog.pg_constraint'::regclass AND k.oid = d.objid AND k.contype = 'c'
        UNION ALL
        SELECT 'generated column ' || pg_catalog.quote_ident(a.attname) FROM pg_catalog.pg_attrdef f
        JOIN pg_catalog.pg_attribute a ON a.attrelid = f.adrelid AND a.attnum = f.adnum AND a.attgenerated <> ''
        WHERE d.classid = 'pg_catalog.pg_attrdef'::regclass AND f.oid = d.objid
        UNION ALL
        SELECT 'index ' || pg_catalog.quote_ident(c.relname) FROM pg_catalog.pg_class c
        WHERE d.classid = 'pg_catalog.pg_class'::regclass AND c.oid = d.objid AND c.relkind IN ('i', 'I')
        UNION ALL
        SELECT 'materialized view ' || pg_catalog.quote_ident(c.relname) FROM pg_catalog.pg_rewrite w
        JOIN pg_catalog.pg_class c ON c.oid = w.ev_class AND c.relkind = 'm'
        WHERE d.classid = 'pg_catalog.pg_rewrite'::regclass AND w.oid = d.objid) AS u (by)
    WHERE d.refclassid = 'pg_catalog.pg_proc'::regclass AND d.deptype = 'n'
), loose AS MATERIALIZED (
    SELECT p.oid, n.nspname, p.proname, pg_catalog.min(u.by) AS by, pg_catalog.count(DISTINCT u.by) AS uses,
           -- Without comments and texts.
           pg_catalog.lower(pg_catalog.regexp_replace(p.prosrc, '--[^\n]*|/[*]([^*]|[*][^/])*[*]/|''[^'']*''', ' ', 'g')) AS body
    FROM used u
    JOIN pg_catalog.pg_proc p ON p.oid = u.function
    JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
    JOIN pg_catalog.pg_language l ON l.oid = p.prolang AND l.lanname IN ('sql', 'plpgsql')
    WHERE NOT p.prosecdef AND p.prosqlbody IS NULL
      AND n.nspname <> ALL (ARRAY['pgtend', 'information_schema']) AND n.nspname NOT LIKE 'pg\_%'
      AND NOT EXISTS (SELECT FROM pg_catalog.unnest(p.proconfig) c WHERE c LIKE 'search\_path=%')
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                      WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
    GROUP BY p.oid, n.nspname, p.proname, p.prosrc
), named AS (
    SELECT l.oid, m.word[1] AS name, c.relnamespace AS schema
    FROM loose l
    CROSS JOIN LATERAL pg_catalog.regexp_matches(l.body, '\m(?:from|join|into|update|only|table)\s+([a-z_][a-z0-9_$]*)(?![a-z0-9_$]|\s*[.])', 'g')
        AS m (word)
    JOIN pg_catalog.pg_class c ON c.relname = m.word[1] AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relpersistence <> 't'
    UNION
    SELECT l.oid, m.word[1] || '()', f.pronamespace
    FROM loose l
    CROSS JOIN LATERAL pg_catalog.regexp_matches(l.body, '(?:^|[^a-z0-9_$."])([a-z_][a-z0-9_$]*)\s*[(]', 'g') AS m (word)
    JOIN pg_catalog.pg_proc f ON f.proname = m.word[1]
    WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_proc o
                      WHERE o.proname = m.word[1] AND o.pronamespace = 'pg_catalog'::regnamespace)
)
SELECT pg_catalog.format('%I.%I(%s)', l.nspname, l.proname, pg_catalog.pg_get_function_identity_arguments(l.oid)) AS object,
       pg_catalog.format('of %s%s: looks up %s where the session says', l.by,
                         CASE WHEN l.uses > 1 THEN pg_catalog.format(' and %s more', l.uses - 1) END, f.names) AS message,
       NULL::float8 AS value,
       pg_catalog.format('ALTER FUNCTION %I.%I(%s) SET search_path = pg_catalog, %s, pg_temp', l.nspname, l.proname,
                         pg_catalog.pg_get_function_identity_arguments(l.oid), f.schemas) AS fix,
       NULL::text AS severity, NULL::text AS needs
FROM loose l
JOIN (SELECT d.oid, pg_catalog.string_agg(DISTINCT d.name, ', ') AS names,
             pg_catalog.string_agg(DISTINCT pg_catalog.quote_ident(n.nspname), ', ') AS schemas
      FROM named d
      JOIN pg_catalog.pg_namespace n ON n.oid = d.schema
      WHERE n.nspname <> ALL (ARRAY['pgtend', 'information_schema']) AND n.nspname NOT LIKE 'pg\_%'
      GROUP BY d.oid) f ON f.oid = l.oid
ORDER BY 1;
