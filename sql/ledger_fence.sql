-- SPDX-License-Identifier: Apache-2.0
-- First statement of every work transaction, before any SET LOCAL ROLE. No row: another run took over, nothing may be done.
-- Takeovers update this row, and so cannot pass while this transaction lives; nothing else does. A renewal updates the lease's.
-- $1 job, $2 token.
SELECT 1 AS ours
FROM pgtend.fence f
WHERE f.job OPERATOR(pg_catalog.=) $1::pg_catalog.text AND f.token OPERATOR(pg_catalog.=) $2::bigint
FOR SHARE;
