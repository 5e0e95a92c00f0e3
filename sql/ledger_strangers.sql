-- SPDX-License-Identifier: Apache-2.0
-- The statements that take back what default privileges gave to others on the ledger's new relations.
-- $1 on its schema too, because that is new as well.
SELECT DISTINCT pg_catalog.format('REVOKE ALL ON %s %s FROM %s CASCADE', o.kind, o.name,
           CASE WHEN a.grantee OPERATOR(pg_catalog.=) 0 THEN 'PUBLIC'
                ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END) AS revoke
FROM (
    SELECT CASE WHEN c.relkind OPERATOR(pg_catalog.=) 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind,
           pg_catalog.format('pgtend.%I', c.relname) AS name, c.relacl AS acl, c.relowner AS owner
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
    WHERE n.nspname OPERATOR(pg_catalog.=) 'pgtend' AND c.relkind OPERATOR(pg_catalog.=) ANY ('{r,S}')
    UNION ALL
    SELECT 'SCHEMA', 'pgtend', n.nspacl, n.nspowner
    FROM pg_catalog.pg_namespace n
    WHERE $1::boolean AND n.nspname OPERATOR(pg_catalog.=) 'pgtend'
) o
CROSS JOIN LATERAL pg_catalog.aclexplode(o.acl) a
WHERE a.grantee OPERATOR(pg_catalog.<>) o.owner;
