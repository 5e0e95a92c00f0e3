-- SPDX-License-Identifier: Apache-2.0
-- First statement of every work transaction, before any SET LOCAL ROLE. No row: another run took over, nothing may be done.
-- A takeover changes token, a column of a unique index, and so cannot pass while this transaction lives; a renewal can.
-- $1 job, $2 token.
SELECT 1 AS ours
FROM pgtend.lease l
WHERE l.job OPERATOR(pg_catalog.=) $1::pg_catalog.text AND l.token OPERATOR(pg_catalog.=) $2::bigint
FOR KEY SHARE;
