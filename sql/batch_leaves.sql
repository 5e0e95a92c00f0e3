-- SPDX-License-Identifier: Apache-2.0
-- The tables that hold the rows of some tables: the table itself, or those below a partitioned or inherited one; and the
-- partitioned ones above them.
-- $1 oid[]: the tables
-- detaching: it, or something above it, waits for ALTER TABLE ... DETACH PARTITION ... FINALIZE. Triggers and rules count
-- when they are enabled; a name is the first of several. self_references: of the table itself, {constraint, column,
-- referenced column, schema and name of the operator that compares them, ...}, where deleting a row that another one refers
-- to is refused.
WITH RECURSIVE tree AS (
    SELECT root, root AS oid, false AS detaching
    FROM pg_catalog.unnest($1::oid[]) AS asked (root)
    UNION
    SELECT t.root, i.inhrelid, t.detaching OR i.inhdetachpending
    FROM tree t
    JOIN pg_catalog.pg_inherits i ON i.inhparent = t.oid
)
SELECT t.root, t.oid, n.nspname AS schema, c.relname AS name, c.relkind AS kind, t.detaching,
       EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE i.inhparent = t.oid) AS above,
       tr.fires_on_delete, tr.fires_on_update, tr.keeps_deleted, tr.keeps_updated, tr.delete_trigger, tr.update_trigger,
       ru.delete_rule, ru.update_rule,
       ARRAY(SELECT part
             FROM pg_catalog.pg_constraint f
             CROSS JOIN LATERAL ROWS FROM (pg_catalog.unnest(f.conkey), pg_catalog.unnest(f.confkey),
                                           pg_catalog.unnest(f.conpfeqop)) WITH ORDINALITY AS k (own, referenced, equals, ord)
             JOIN pg_catalog.pg_attribute o ON o.attrelid = f.conrelid AND o.attnum = k.own
             JOIN pg_catalog.pg_attribute r ON r.attrelid = f.confrelid AND r.attnum = k.referenced
             JOIN pg_catalog.pg_operator e ON e.oid = k.equals
             JOIN pg_catalog.pg_namespace s ON s.oid = e.oprnamespace
             CROSS JOIN LATERAL pg_catalog.unnest(ARRAY[f.conname::text, o.attname::text, r.attname::text, s.nspname::text,
                                                        e.oprname::text]) WITH ORDINALITY AS u (part, position)
             WHERE t.oid = t.root AND f.contype = 'f' AND f.conrelid = t.oid AND f.confrelid = t.oid
               AND f.confdeltype IN ('a', 'r')
             ORDER BY f.conname, k.ord, u.position) AS self_references
FROM tree t
JOIN pg_catalog.pg_class c ON c.oid = t.oid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
-- Bits of tgtype (catalog/pg_trigger.h): 1 for each row, 2 before, 8 delete, 16 update.
CROSS JOIN LATERAL (
    SELECT coalesce(pg_catalog.bool_or(g.tgtype & 8 <> 0), false) AS fires_on_delete,
           coalesce(pg_catalog.bool_or(g.tgtype & 16 <> 0), false) AS fires_on_update,
           coalesce(pg_catalog.bool_or(g.tgtype & 11 = 11), false) AS keeps_deleted,
           coalesce(pg_catalog.bool_or(g.tgtype & 19 = 19), false) AS keeps_updated,
           pg_catalog.min(g.tgname::text) FILTER (WHERE g.tgtype & 9 = 8) AS delete_trigger,
           pg_catalog.min(g.tgname::text) FILTER (WHERE g.tgtype & 17 = 16) AS update_trigger
    FROM pg_catalog.pg_trigger g
    WHERE g.tgrelid = t.oid AND NOT g.tgisinternal AND g.tgenabled IN ('O', 'A')
) tr
CROSS JOIN LATERAL (
    SELECT pg_catalog.min(w.rulename::text) FILTER (WHERE w.ev_type = '4') AS delete_rule,
           pg_catalog.min(w.rulename::text) FILTER (WHERE w.ev_type = '2') AS update_rule
    FROM pg_catalog.pg_rewrite w
    WHERE w.ev_class = t.oid AND w.ev_enabled IN ('O', 'A')
) ru
WHERE c.relkind IN ('r', 'p', 'f')
ORDER BY t.root, n.nspname, c.relname;
