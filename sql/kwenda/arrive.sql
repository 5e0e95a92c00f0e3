-- SPDX-License-Identifier: Apache-2.0
-- What happens in Kwenda between two moments: new rows, and new work for every job. For psql, after generate.sql:
--   rows   new rows, roughly, those that triggers write included (default 1000; at least about 60 come)
--   seed   an integer (default 1)
--   from, to   timestamptz; the rows' times lie in [from, to); required
--   psql -X -q -v rows=1000 -v seed=1 -v from='2026-03-01 10:00Z' -v to='2026-03-01 11:00Z' -f sql/kwenda/arrive.sql
-- The same values a second time add nothing. Triggers and foreign keys work as in production.
\set ON_ERROR_STOP on
\encoding UTF8
\if :{?rows} \else \set rows 1000 \endif
\if :{?seed} \else \set seed 1 \endif
\if :{?from} \else \set from infinity \endif
\if :{?to} \else \set to infinity \endif

begin;
set local timezone = 'UTC';
set local client_min_messages = warning;
-- The epoch of `from` keeps the ids of two calls apart.
select timestamptz :'from' < timestamptz :'to' and isfinite(timestamptz :'to') as forward \gset
\if :forward
\else
do $$ begin raise exception 'from and to are required, and from must be earlier than to'; end $$;
\endif
select extract(epoch from timestamptz :'from')::bigint as call \gset
\ir synthetic.sql

create or replace function pg_temp.new_id(kind text, i bigint) returns uuid
language sql immutable
return pg_temp.id(kind || ' ' || :call || ' ', i);
create or replace function pg_temp.moment(stream integer, i bigint) returns timestamptz
language sql stable
return timestamptz :'from' + (timestamptz :'to' - timestamptz :'from') * pg_temp.u(stream, i + :call::bigint * 100000);
create or replace function pg_temp.v(stream integer, i bigint) returns double precision
language sql immutable
return pg_temp.u(stream, i + :call::bigint * 100000);

select exists (select from public.transport_bookings
               where id = pg_temp.new_id('booking', 1)
                 and created_at >= timestamptz :'from' and created_at < timestamptz :'to') as arrived,
       greatest(8, :rows * 0.22)::bigint as bookings, greatest(4, :rows * 0.07)::bigint as deliveries,
       greatest(3, :rows * 0.08)::bigint as orders, greatest(2, :rows * 0.04)::bigint as messages,
       greatest(2, :rows * 0.05)::bigint as transactions, greatest(3, :rows * 0.05)::bigint as routes,
       greatest(3, :rows * 0.03)::bigint as geocodes, greatest(20, :rows * 0.10)::bigint as logs,
       greatest(3, :rows * 0.03)::bigint as events, greatest(2, :rows * 0.02)::bigint as limits,
       greatest(1, :rows * 0.002)::bigint as promos, greatest(1, :rows * 0.005)::bigint as late_positions,
       greatest(10, :rows * 0.10)::bigint as pings
\gset
\if :arrived
-- This call was made before.
\else

create temporary table customer on commit drop as
select row_number() over (order by id) as n, id
from (select id from public.profiles where role = 'customer' order by id limit 2000) p;
create temporary table driver on commit drop as
select row_number() over (order by id) as n, id, city
from (select id, city from public.drivers order by id limit 500) d;
create unique index on customer (n);
create unique index on driver (n);
analyze customer, driver;
select (select max(n) from customer) as customers, (select max(n) from driver) as drivers \gset

-- Rides that were under way at `from` come to their end.
update public.transport_bookings
set status = 'completed', completed_at = timestamptz :'from', payment_status = 'paid'
where status in ('accepted', 'arrived', 'in_progress') and driver_id is not null
  and created_at >= timestamptz :'from' - interval '6 hours' and created_at < timestamptz :'from' - interval '10 minutes';

-- A quarter finds no driver. A tenth waits with a driver, which is none of the auto-cancel job's business.
insert into public.transport_bookings
    (id, created_at, updated_at, status, city, zone_id, vehicle_class, customer_id, driver_id, pickup_address,
     pickup_lat, pickup_lon, dropoff_address, dropoff_lat, dropoff_lon, distance_km, duration_min, assigned_at,
     accepted_at, base_fare, distance_fare, surge_multiplier, payment_method, promo_code, device_info, app_version)
select pg_temp.new_id('booking', i), t, t, case when i % 4 = 0 or i % 10 = 1 then 'pending' else 'accepted' end,
       z.city, z.id, pg_temp.pick(array['moto', 'moto', 'eco', 'eco', 'confort', 'van'], pg_temp.v(203, i)), u.id,
       case when i % 4 > 0 then d.id end, pg_temp.street(204, i + :call, z.name), c.lat, c.lon,
       pg_temp.street(206, i + :call, z.name), c.lat + 0.02, c.lon + 0.03, 4 + i % 9, 15 + i % 30,
       case when i % 4 > 0 then t + interval '2 minutes' end,
       case when i % 4 > 0 and i % 10 <> 1 then t + interval '3 minutes' end, 1500, 900 * (4 + i % 9), z.surge,
       pg_temp.pick(array['cash', 'cash', 'wallet', 'mobile_money'], pg_temp.v(208, i)),
       case when i % 20 = 0 then 'promo' || i end, '{"os": "android"}', '3.9'
from (select i, pg_temp.moment(200, i) as t, 1 + floor(power(pg_temp.v(201, i), 1.7) * 34)::integer as zone,
             1 + floor(pg_temp.v(202, i) * :customers)::bigint as customer,
             1 + floor(pg_temp.v(209, i) * :drivers)::bigint as driver
      from generate_series(1, :bookings::bigint) i offset 0) b
join public.zones z on z.id = b.zone join city c on c.name = z.city
join customer u on u.n = b.customer join driver d on d.n = b.driver
order by t, i;

insert into public.booking_messages (id, booking_id, booking_created_at, sender_id, body, sent_at)
select pg_temp.new_id('message', i), b.id, b.created_at, b.customer_id, 'Où êtes-vous ?', b.created_at + interval '4 minutes'
from generate_series(1, :messages::bigint) i
join public.transport_bookings b on b.id = pg_temp.new_id('booking', 1 + i % :bookings)
 and b.created_at >= timestamptz :'from' and b.created_at < timestamptz :'to';

insert into public.marketplace_orders
    (id, created_at, updated_at, status, city, zone_id, customer_id, vendor_id, subtotal, delivery_fee,
     payment_status, paid_at, delivery_address)
select pg_temp.new_id('order', i), t, t, 'paid', z.city, z.id, u.id, v.id, 5000 + 1000 * (i % 40), 3000, 'paid', t,
       pg_temp.street(214, i + :call, z.name)
from (select i, pg_temp.moment(210, i) as t, 1 + floor(power(pg_temp.v(211, i), 1.7) * 34)::integer as zone,
             1 + floor(pg_temp.v(212, i) * :customers)::bigint as customer
      from generate_series(1, :orders::bigint) i offset 0) o
join public.zones z on z.id = o.zone join customer u on u.n = o.customer
cross join (select id from public.marketplace_vendors order by id limit 1) v
order by t, i;

-- Half of the parcels find no courier.
insert into public.delivery_orders
    (id, created_at, updated_at, status, city, zone_id, customer_id, driver_id, tracking_code, sender_name,
     sender_phone, pickup_address, recipient_name, recipient_phone, dropoff_address, base_fee, distance_fee, assigned_at)
select pg_temp.new_id('delivery', i), t, t, case when i % 2 = 0 then 'pending' else 'assigned' end, z.city, z.id, u.id,
       case when i % 2 > 0 then d.id end, 'KW' || upper(left(md5(:'seed' || :'call' || i), 10)), 'Sender ' || i,
       '+243000000000', pg_temp.street(225, i + :call, z.name), 'Recipient ' || i, '+243000000000',
       pg_temp.street(227, i + :call, z.name), 2500, 700 * (i % 12), case when i % 2 > 0 then t + interval '5 minutes' end
from (select i, pg_temp.moment(220, i) as t, 1 + floor(power(pg_temp.v(221, i), 1.7) * 34)::integer as zone,
             1 + floor(pg_temp.v(222, i) * :customers)::bigint as customer,
             1 + floor(pg_temp.v(223, i) * :drivers)::bigint as driver
      from generate_series(1, :deliveries::bigint) i offset 0) o
join public.zones z on z.id = o.zone join customer u on u.n = o.customer join driver d on d.n = o.driver
order by t, i;

insert into public.wallet_transactions (id, user_id, type, amount, provider, provider_reference, created_at)
select pg_temp.new_id('transaction', i), u.id, 'topup', 1000 * (1 + i % 20), 'mobile_money', 'TX-' || :call || '-' || i,
       pg_temp.moment(231, i)
from generate_series(1, :transactions::bigint) i
join customer u on u.n = 1 + floor(pg_temp.v(230, i) * :customers)::bigint;

-- Phones on the road overwrite their position.
update public.driver_locations l
set last_ping = pg_temp.moment(241, p.n), lat = l.lat + 0.001, online = true, available = p.n % 3 > 0
from (select id, row_number() over (order by md5(id::text || :'call'), id) as n
      from public.driver_locations where last_ping >= timestamptz :'from' - interval '1 day') p
where l.id = p.id and p.n <= :pings and l.last_ping < pg_temp.moment(241, p.n);
-- A phone that lay in a drawer sends its last position, weeks old.
insert into public.driver_locations (id, driver_id, device, city, lat, lon, online, available, last_ping)
select pg_temp.new_id('location', i), d.id, 'device-' || :call || '-' || i, d.city, c.lat, c.lon, true, false,
       pg_temp.moment(243, i) - interval '15 days' - interval '60 days' * pg_temp.v(244, i)
from generate_series(1, :late_positions::bigint) i
join driver d on d.n = 1 + floor(pg_temp.v(242, i) * :drivers)::bigint join city c on c.name = d.city;

-- Flash campaigns end within the same span in which they are entered.
insert into public.promo_codes (id, code, description, discount_percent, valid_from, valid_until, created_at)
select pg_temp.new_id('promo', i), 'FLASH' || :call || '-' || i, 'Flash', 10, timestamptz :'from' - interval '2 hours',
       pg_temp.moment(250, i), timestamptz :'from' - interval '2 hours'
from generate_series(1, :promos::bigint) i;

-- Routes in heavy traffic are kept 10 minutes, others 6 hours.
insert into public.route_cache (id, origin_hash, destination_hash, route, cached_at, expires_at)
select pg_temp.new_id('route', i), hashint8extended(i, :call), hashint8extended(i, 2), '{"km": 7.5}', t,
       t + case when i % 2 = 0 then interval '10 minutes' else interval '6 hours' end
from generate_series(1, :routes::bigint) i, lateral (select pg_temp.moment(260, i) as t) x;
insert into public.geocode_cache (query, lat, lon, provider, cached_at, expires_at)
select pg_temp.street(261, i + :call, 'Kinshasa') || ' #' || :call || '-' || i, -4.3, 15.3, 'osm', t,
       t + case when i % 3 = 0 then interval '15 minutes' else interval '3 days' end
from generate_series(1, :geocodes::bigint) i, lateral (select pg_temp.moment(263, i) as t) x;

-- A twentieth comes from a relay that was cut off and delivers logs of four months ago.
insert into public.api_access_logs (created_at, user_id, address, method, path, status, duration_ms, user_agent, request_id)
select pg_temp.moment(270, i) - case when i % 20 = 0 then interval '120 days' else interval '0' end, u.id,
       pg_temp.address(272, i + :call), 'GET', '/v1/bookings', 200, 12, 'Kwenda/3 (Android)', pg_temp.new_id('request', i)
from generate_series(1, :logs::bigint) i
join customer u on u.n = 1 + floor(pg_temp.v(271, i) * :customers)::bigint;

-- Players of the local day of `from`; those of yesterday are midnight's work.
insert into public.lottery_limits (user_id, cards_earned_today, cards_total, last_reset_date)
select distinct on (u.id) u.id, 1 + i % 10, 1 + i % 10, (timestamptz :'from' at time zone 'Africa/Kinshasa')::date
from generate_series(1, :limits::bigint) i
join customer u on u.n = 1 + floor(pg_temp.v(280, i) * :customers)::bigint
order by u.id, i
on conflict (user_id) do update
set cards_earned_today = least(10, lottery_limits.cards_earned_today + 1), cards_total = lottery_limits.cards_total + 1;

insert into public.security_events (event_type, user_id, address, user_agent, occurred_at)
select case when i % 5 = 0 then 'login_failed' else 'login_succeeded' end, u.id, pg_temp.address(291, i + :call),
       'Kwenda/3 (Android)', pg_temp.moment(292, i)
from generate_series(1, :events::bigint) i
join customer u on u.n = 1 + floor(pg_temp.v(290, i) * :customers)::bigint
order by 5, 3;
-- In every third call somebody attacks: 15 failures within at most 40 minutes, on a user or from an address.
insert into public.security_events (event_type, user_id, address, user_agent, occurred_at)
select 'login_failed', case when pg_temp.v(294, 0) < 0.5 then u.id end,
       case when pg_temp.v(294, 0) < 0.5 then pg_temp.address(295, k + :call)
            else inet '203.0.113.0' + 1 + (:call / 60 % 250) end, 'curl',
       timestamptz :'from' + least(timestamptz :'to' - timestamptz :'from', interval '40 minutes') * (k / 16.0)
from generate_series(1, 15) k
join customer u on u.n = 1 + floor(pg_temp.v(296, 0) * :customers)::bigint
where pg_temp.v(293, 0) < 0.34
order by 5;

insert into public.notifications (recipient_id, kind, title, created_at)
select u.id, 'ride', 'Votre course', pg_temp.moment(297, i)
from generate_series(1, :messages::bigint) i
join customer u on u.n = 1 + floor(pg_temp.v(298, i) * :customers)::bigint;

\endif
commit;
