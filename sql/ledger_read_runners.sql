-- SPDX-License-Identifier: Apache-2.0
-- Runners seen lately. Instants are seconds since 1970.
SELECT r.host,
       r.config_file,
       r.config_hash,
       EXTRACT(epoch FROM r.heartbeat) AS heartbeat,
       EXTRACT(epoch FROM r.evaluated_at) AS evaluated_at
FROM pgtend.runner r;
