-- SPDX-License-Identifier: Apache-2.0
-- When the ledger was made, and when a runner was here last. Instants are microseconds since 1970.
SELECT pg_catalog.numeric_mul(EXTRACT(epoch FROM m.created), 1000000)::bigint AS created,
       (SELECT pg_catalog.numeric_mul(EXTRACT(epoch FROM pg_catalog.max(r.heartbeat)), 1000000)::bigint FROM pgtend.runner r) AS heartbeat
FROM pgtend.meta m;
