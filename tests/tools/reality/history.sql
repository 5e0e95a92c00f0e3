-- SPDX-License-Identifier: Apache-2.0
-- Weeks of it, in the ledger: runners are at work, two jobs fail every time, one was given up. The rest succeed, and mostly do nothing.
INSERT INTO pgtend.runner VALUES ('host', 'kwenda.yaml', 'hash', 'holder', now(), now());
INSERT INTO pgtend.lease (job, token, backend_pids, backend_starts, open_attempts, open_begun, failures, schedule, time_zone, kind,
                          last_slot, counts_from, last_status, finished_at, paused, paused_because)
SELECT j, 1, '{}', '{}', 0, true, 0, '* * * * *', 'Africa/Kinshasa', 'sql', now(), now() - interval '20 days', s, now(),
       j = 'cancel-expired-deliveries', CASE j WHEN 'cancel-expired-deliveries' THEN 'fails when a row matches' ELSE '' END
FROM (VALUES ('refresh-dashboard', 'failed'), ('vacuum-nightly', 'failed'), ('cleanup-driver-locations', 'succeeded'),
             ('expire-promos', 'succeeded'), ('cancel-expired-bookings', 'succeeded'), ('cancel-expired-deliveries', 'succeeded'),
             ('cleanup-cache', 'succeeded'), ('reset-lottery-limits', 'succeeded'), ('monitor-security-events', 'succeeded'),
             ('housekeeping-create-partitions', 'succeeded')) v (j, s);
INSERT INTO pgtend.run (job, slot, status, started, finished, error)
SELECT l.job, l.last_slot, l.last_status, now() - interval '1 s', now(),
       CASE l.job WHEN 'refresh-dashboard' THEN 'relation "public.admin_dashboard_stats" does not exist'
                  WHEN 'vacuum-nightly' THEN 'VACUUM cannot run inside a transaction block' ELSE '' END
FROM pgtend.lease l;
UPDATE pgtend.lease l SET last_run = r.id FROM pgtend.run r WHERE r.job = l.job;
INSERT INTO pgtend.fence SELECT job, token FROM pgtend.lease;
