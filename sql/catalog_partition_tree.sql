-- SPDX-License-Identifier: Apache-2.0
-- Partitioned tables and all that is below them, with what a partition should have as its parent has it. Reads catalogs and counters
-- only: no table of the tree is locked, nor waited for.
-- $1 oid[]: partitioned tables
-- Lists of several values an entry are flat arrays: {grantee, privilege, grantee, privilege, ...}.
WITH RECURSIVE tree (root, parent, oid, pending) AS (
    SELECT r, NULL::oid, r, false FROM pg_catalog.unnest($1::oid[]) AS r
    UNION ALL
    SELECT t.root, i.inhparent, i.inhrelid, i.inhdetachpending
    FROM tree t
    JOIN pg_catalog.pg_inherits i ON i.inhparent = t.oid
), up (root, oid) AS (
    SELECT r, r FROM pg_catalog.unnest($1::oid[]) AS r
    UNION
    SELECT u.root, i.inhparent FROM up u JOIN pg_catalog.pg_inherits i ON i.inhrelid = u.oid AND NOT i.inhdetachpending
), above AS (
    -- What is above a table protects its partitions too, as when they are made.
    SELECT u.root, pg_catalog.bool_or(c.relrowsecurity) AS row_security,
           pg_catalog.bool_or(c.relrowsecurity AND c.relforcerowsecurity) AS force_row_security,
           pg_catalog.array_agg(part ORDER BY c.oid, ord) FILTER (WHERE c.oid <> u.root) AS names
    FROM up u
    JOIN pg_catalog.pg_class c ON c.oid = u.oid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    CROSS JOIN LATERAL pg_catalog.unnest(ARRAY[n.nspname::text, c.relname::text]) WITH ORDINALITY AS p (part, ord)
    GROUP BY u.root
), ix AS (
    SELECT x.indrelid, pg_catalog.count(*) AS indexes,
           pg_catalog.array_agg(xi.inhparent) FILTER (WHERE xi.inhparent IS NOT NULL) AS attached_to,
           pg_catalog.array_agg(x.indexrelid) FILTER (WHERE NOT x.indisvalid) AS invalid,
           pg_catalog.max(xi.inhparent) FILTER (WHERE x.indisreplident) AS identity_of
    FROM pg_catalog.pg_index x
    LEFT JOIN pg_catalog.pg_inherits xi ON xi.inhrelid = x.indexrelid
    WHERE x.indrelid IN (SELECT oid FROM tree)
    GROUP BY x.indrelid
), trg AS (
    -- As one text each (trigger, its parent's trigger or 0, enabled, name): row triggers, but for those of foreign keys and of constraints.
    SELECT g.tgrelid, pg_catalog.array_agg(g.oid::text || ' ' || g.tgparentid::text || ' ' || g.tgenabled::text || ' '
                                           || g.tgname ORDER BY g.tgname) AS triggers
    FROM pg_catalog.pg_trigger g
    WHERE g.tgrelid IN (SELECT oid FROM tree)
      AND g.tgtype::int & 1 = 1 AND g.tgconstrindid = 0
      -- Up to 14 those that a partition has from its parent are marked as internal.
      AND (NOT g.tgisinternal OR g.tgparentid <> 0)
    GROUP BY g.tgrelid
), acl AS (
    -- {grantee or NULL for PUBLIC, privilege with its column, ...}, but for the owner's.
    SELECT g.oid, pg_catalog.array_agg(part ORDER BY r.rolname NULLS FIRST, g.privilege, ord) AS grants
    FROM (SELECT c.oid, c.relowner, a.grantee, a.privilege_type AS privilege
          FROM tree t
          JOIN pg_catalog.pg_class c ON c.oid = t.oid
          CROSS JOIN LATERAL pg_catalog.aclexplode(c.relacl) a
          WHERE c.relacl IS NOT NULL
          UNION ALL
          SELECT c.oid, c.relowner, a.grantee, a.privilege_type || ' (' || pg_catalog.quote_ident(at.attname) || ')'
          FROM pg_catalog.pg_attribute at
          JOIN pg_catalog.pg_class c ON c.oid = at.attrelid
          CROSS JOIN LATERAL pg_catalog.aclexplode(at.attacl) a
          WHERE at.attacl IS NOT NULL AND at.attnum > 0 AND NOT at.attisdropped AND at.attrelid IN (SELECT oid FROM tree)) g
    LEFT JOIN pg_catalog.pg_roles r ON r.oid = g.grantee
    CROSS JOIN LATERAL pg_catalog.unnest(ARRAY[r.rolname::text, g.privilege]) WITH ORDINALITY AS u (part, ord)
    WHERE g.grantee <> g.relowner AND (g.grantee = 0 OR r.oid IS NOT NULL)
    GROUP BY g.oid
)
SELECT t.root, t.parent, t.oid, n.nspname AS schema, c.relname AS name, c.relkind AS kind, t.pending,
       c.relpersistence AS persistence, pg_catalog.pg_get_userbyid(c.relowner) AS owner,
       coalesce(above.row_security, c.relrowsecurity) AS row_security,
       coalesce(above.force_row_security, c.relforcerowsecurity) AS force_row_security,
       above.names AS above, -- {schema, name, ...} of what is above the one at the top
       c.relreplident AS replica_identity, am.amname AS access_method, ts.spcname AS tablespace,
       CASE WHEN c.reloptions IS NOT NULL OR toast.reloptions IS NOT NULL THEN
           ARRAY(SELECT o FROM pg_catalog.unnest(c.reloptions) o
                 UNION ALL SELECT 'toast.' || o FROM pg_catalog.unnest(toast.reloptions) o) END AS options,
       c.reltoastrelid <> 0 AS has_toast,
       c.reltuples AS row_estimate,
       -- Counters of nothing are no counters: they are lost in a crash, and by pg_upgrade.
       CASE WHEN pg_catalog.pg_stat_get_live_tuples(c.oid) + pg_catalog.pg_stat_get_tuples_inserted(c.oid)
                 + pg_catalog.pg_stat_get_tuples_deleted(c.oid) > 0
            THEN pg_catalog.pg_stat_get_live_tuples(c.oid) END AS live_rows,
       coalesce(ix.indexes, 0) AS indexes, ix.attached_to, ix.identity_of,
       CASE WHEN ix.invalid IS NOT NULL THEN
           ARRAY(SELECT xc.relname::text FROM pg_catalog.pg_class xc WHERE xc.oid = ANY (ix.invalid) ORDER BY xc.relname)
           END AS invalid,
       -- {index, name, is the replica identity, ...} of a partitioned table
       CASE WHEN c.relkind = 'p' THEN
           (SELECT pg_catalog.array_agg(part ORDER BY xc.relname, ord)
            FROM pg_catalog.pg_index x
            JOIN pg_catalog.pg_class xc ON xc.oid = x.indexrelid
            CROSS JOIN LATERAL pg_catalog.unnest(ARRAY[x.indexrelid::text, xc.relname::text, x.indisreplident::text])
                WITH ORDINALITY AS u (part, ord)
            WHERE x.indrelid = c.oid) END AS own_indexes,
       trg.triggers, acl.grants,
       -- Policies as one text each: command, permissive, for whom, name.
       CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_policy) THEN
           (SELECT pg_catalog.array_agg(pol.polcmd::text || ' ' || pol.polpermissive::text || ' ' || pol.polroles::text || ' '
                                        || pol.polname ORDER BY pol.polname)
            FROM pg_catalog.pg_policy pol WHERE pol.polrelid = c.oid) END AS policies
FROM tree t
JOIN pg_catalog.pg_class c ON c.oid = t.oid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_class toast ON toast.oid = c.reltoastrelid
LEFT JOIN above ON above.root = t.root AND t.oid = t.root
LEFT JOIN ix ON ix.indrelid = c.oid
LEFT JOIN trg ON trg.tgrelid = c.oid
LEFT JOIN acl ON acl.oid = c.oid
LEFT JOIN pg_catalog.pg_am am ON am.oid = c.relam
LEFT JOIN pg_catalog.pg_tablespace ts ON ts.oid = c.reltablespace;
