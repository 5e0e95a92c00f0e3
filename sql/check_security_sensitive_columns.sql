-- SPDX-License-Identifier: Apache-2.0
-- Columns that hold secrets, by their names and types, which the roles of an API (anon, authenticated: PostgREST, Supabase) may read in every
-- row: no row level security hides one. A name has to end with the secret, as in password_hash, but not in password_changed_at.
SELECT pg_catalog.format('%I.%I', f.nspname, f.relname) AS object,
       pg_catalog.format('%s may read %s of every row', f.readers,
                         pg_catalog.string_agg(pg_catalog.quote_ident(f.attname), ', ' ORDER BY f.attname)) AS message,
       NULL::float8 AS value,
       CASE WHEN f.relkind IN ('r', 'p') THEN pg_catalog.format('ALTER TABLE %I.%I ENABLE ROW LEVEL SECURITY', f.nspname, f.relname)
            ELSE pg_catalog.format('REVOKE SELECT ON %I.%I FROM PUBLIC, %s', f.nspname, f.relname, f.readers) END AS fix,
       NULL::text AS severity, NULL::text AS needs
FROM (SELECT n.nspname, c.relname, c.relkind, a.attname,
             pg_catalog.string_agg(pg_catalog.quote_ident(r.rolname), ', ' ORDER BY r.rolname) AS readers
      FROM pg_catalog.pg_class c
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_catalog.pg_roles r ON r.rolname IN ('anon', 'authenticated') AND pg_catalog.has_schema_privilege(r.oid, n.oid, 'USAGE')
      JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      JOIN pg_catalog.pg_type t ON t.oid = a.atttypid AND (t.typcategory = 'S' OR t.oid = 'pg_catalog.bytea'::regtype)
      WHERE c.relkind IN ('r', 'p', 'm', 'f') AND NOT c.relrowsecurity AND c.relpersistence <> 't'
        AND n.nspname <> ALL (ARRAY['pgtend', 'information_schema']) AND n.nspname NOT LIKE 'pg\_%'
        -- apiKey as api_key.
        AND pg_catalog.lower(pg_catalog.regexp_replace(a.attname, '([a-z0-9])([A-Z])', '\1_\2', 'g')) ~
            ('(^|_)(password|passwd|pwd|passphrase|secret|private_?key|api_?key|secret_?key|access_?token|refresh_?token|auth_?token'
             || '|session_?token|reset_?token|ssn|social_security|credit_?card|card_number|cvv|cvc|otp|totp|iban)'
             || '(_(hash|hashed|digest|salt|encrypted|enc|key|secret|seed|value|number|no))?$')
        AND pg_catalog.has_column_privilege(r.oid, c.oid, a.attnum, 'SELECT')
        AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                        WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.objsubid = 0 AND d.deptype = 'e')
      GROUP BY n.nspname, c.relname, c.relkind, a.attname) f
GROUP BY f.nspname, f.relname, f.relkind, f.readers
ORDER BY 1, 2;
