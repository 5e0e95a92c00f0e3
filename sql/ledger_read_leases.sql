-- SPDX-License-Identifier: Apache-2.0
-- All that a runner decides by, as it stands, a row a job. What it means is the program's to say. Instants are seconds since 1970.
SELECT l.job,
       l.schedule,
       l.time_zone,
       l.holder,
       l.paused,
       l.paused_because,
       l.open_begun,
       l.open_attempts,
       l.open_status,
       l.last_status,
       EXTRACT(epoch FROM l.last_slot) AS last_slot,
       EXTRACT(epoch FROM l.open_slot) AS open_slot,
       EXTRACT(epoch FROM l.counts_from) AS counts_from,
       EXTRACT(epoch FROM l.lease_until) AS lease_until,
       EXTRACT(epoch FROM l.finished_at) AS finished_at,
       l.failures,
       EXTRACT(epoch FROM l.failed_at) AS failed_at
FROM pgtend.lease l;
