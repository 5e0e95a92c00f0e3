-- SPDX-License-Identifier: Apache-2.0
-- Fills an empty Kwenda database whose partitions exist. For psql; variables, all optional:
--   rows   total rows over all tables, those that triggers write included (default 300000; exact from about 5000)
--   seed   an integer (default 1)
--   now    a timestamptz that takes the place of the present (default now()); the data reach from 2025-01-01 up to it
--   psql -X -q -v rows=300000 -v seed=1 -f sql/kwenda/generate.sql
-- The same three values give the same rows. Triggers and foreign keys work as in production: nothing is disabled.
-- Business grows linearly over the months, with two peaks a day in local time.
\set ON_ERROR_STOP on
\encoding UTF8
\if :{?rows} \else \set rows 300000 \endif
\if :{?seed} \else \set seed 1 \endif
\if :{?now} \else
select to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as now \gset
\endif

begin;
set local timezone = 'UTC';
set local client_min_messages = warning;

do $$
declare
    parent text;
begin
    foreach parent in array array['transport_bookings', 'marketplace_orders', 'delivery_orders'] loop
        if not exists (select from pg_catalog.pg_inherits where inhparent = ('public.' || parent)::regclass) then
            raise exception '% has no partitions', parent using hint = 'create the partitions first';
        end if;
    end loop;
    if exists (select from public.zones) then
        raise exception 'the database is not empty' using hint = 'load into a fresh one; arrive.sql adds rows';
    end if;
end
$$;

\ir synthetic.sql

-- How many of what. Bookings and deliveries count twice: a trigger writes a row for each.
select greatest(60, :rows * 0.04)::bigint as users, greatest(10, :rows * 0.005)::bigint as drivers,
       greatest(5, :rows * 0.002)::bigint as vendors, greatest(20, :rows * 0.02)::bigint as locations,
       greatest(100, :rows * 0.15)::bigint as bookings, greatest(10, :rows * 0.02)::bigint as messages,
       greatest(20, :rows * 0.02)::bigint as products, greatest(40, :rows * 0.07)::bigint as orders,
       greatest(50, :rows * 0.10)::bigint as items, greatest(5, :rows * 0.002)::bigint as disputes,
       greatest(40, :rows * 0.05)::bigint as deliveries, greatest(40, :rows * 0.07)::bigint as transactions,
       greatest(20, :rows * 0.002)::bigint as promos, greatest(5, :rows * 0.008)::bigint as redemptions,
       greatest(20, :rows * 0.012)::bigint as routes, greatest(20, :rows * 0.012)::bigint as geocodes,
       greatest(20, :rows * 0.015)::bigint as limits, greatest(20, :rows * 0.02)::bigint as tickets,
       greatest(50, :rows * 0.015)::bigint as events, greatest(4, :rows / 50000)::bigint as bursts,
       greatest(10, :rows * 0.008)::bigint as notifications
\gset

-- A moment of business; uses three streams. What would lie after the present is put into the last hour.
create or replace function pg_temp.moment(stream integer, i bigint) returns timestamptz
language sql stable
return greatest(timestamptz '2025-01-01 00:00:00+00', least(
    date_trunc('day', timestamptz '2025-01-01 00:00:00+00'
            + (timestamptz :'now' - timestamptz '2025-01-01 00:00:00+00') * sqrt(pg_temp.u(stream, i)),
        'Africa/Kinshasa')
        + interval '1 hour' * pg_temp.pick(array[0, 1, 5, 6, 6, 7, 7, 7, 7, 8, 8, 8, 8, 9, 9, 10, 11, 12, 12, 13, 13,
              14, 15, 16, 16, 17, 17, 17, 17, 18, 18, 18, 18, 18, 19, 19, 19, 20, 20, 21, 22, 23], pg_temp.u(stream + 1, i))
        + interval '1 hour' * pg_temp.u(stream + 2, i),
    timestamptz :'now' - interval '1 hour' * pg_temp.u(stream + 2, i)));

-- The users: first the drivers, then the vendors, then the customers, the earlier ones busier.
create or replace function pg_temp.driver(u double precision) returns uuid
language sql immutable return pg_temp.id('user', 1 + floor(u * u * :drivers)::bigint);
create or replace function pg_temp.vendor(u double precision) returns uuid
language sql immutable return pg_temp.id('user', :drivers + 1 + floor(u * u * :vendors)::bigint);
create or replace function pg_temp.customer(u double precision) returns uuid
language sql immutable
return pg_temp.id('user', :drivers + :vendors + 1 + floor(power(u, 1.5) * (:users - :drivers - :vendors))::bigint);

-- People ---------------------------------------------------------------------------------------------------

insert into public.zones (id, city, name, surge)
select row_number() over (order by c.o, n.o), c.city, n.name, 1 + (n.o % 4) * 0.15
from (values (1, 'Kinshasa', array['Gombe', 'Limete', 'Ngaliema', 'Lemba', 'Kalamu', 'Masina', 'Matete', 'Bandalungwa',
                  'Kintambo', 'Kasa-Vubu', 'Lingwala', 'Barumbu', 'Selembao', 'Ndjili', 'Mont-Ngafula', 'Kimbanseke']),
             (2, 'Lubumbashi', array['Lubumbashi', 'Kampemba', 'Kenya', 'Katuba', 'Kamalondo', 'Ruashi', 'Annexe']),
             (3, 'Abidjan', array['Cocody', 'Plateau', 'Yopougon', 'Abobo', 'Marcory', 'Treichville', 'Koumassi']),
             (4, 'Kolwezi', array['Dilala', 'Manika']), (5, 'Goma', array['Karisimbi', 'Goma'])) c(o, city, names),
     unnest(c.names) with ordinality n(name, o);

-- Most business is done in the first zones.
create or replace function pg_temp.zone(u double precision) returns integer
language sql immutable return 1 + floor(power(u, 1.7) * 34)::integer;

insert into auth.users (id, email, phone, raw_user_meta_data, last_sign_in_at, created_at, updated_at)
select pg_temp.id('user', i), 'user' || i || '@example.com', '+243000' || lpad((i % 1000000)::text, 6, '0'),
       jsonb_build_object('channel', pg_temp.pick(array['app', 'app', 'web', 'agent'], pg_temp.u(1, i))),
       pg_temp.moment(2, i), t, t
from generate_series(1, :users) i, lateral (select timestamptz '2025-01-01 00:00:00+00'
    + (timestamptz :'now' - timestamptz '2025-01-01 00:00:00+00') * (i::double precision / :users) as t) x;

insert into public.profiles (id, email, display_name, phone, role, city, language, created_at, updated_at)
select u.id, u.email::public.citext, 'User ' || i, u.phone,
       case when i <= :drivers then 'driver' when i <= :drivers + :vendors then 'vendor'
            when i % 4000 = 0 then 'admin' else 'customer' end,
       pg_temp.pick(array['Kinshasa', 'Kinshasa', 'Kinshasa', 'Kinshasa', 'Kinshasa', 'Lubumbashi', 'Lubumbashi',
                          'Abidjan', 'Abidjan', 'Kolwezi', 'Goma'], pg_temp.u(5, i)),
       pg_temp.pick(array['fr', 'fr', 'fr', 'fr', 'ln', 'sw', 'en'], pg_temp.u(6, i)), u.created_at, u.created_at
from generate_series(1, :users) i join auth.users u on u.id = pg_temp.id('user', i);

insert into public.drivers (id, city, vehicle_class, plate, rating, is_online, is_busy, trips, joined_at)
select p.id, p.city, pg_temp.pick(array['moto', 'moto', 'moto', 'eco', 'eco', 'eco', 'confort', 'premium', 'van'],
           pg_temp.u(7, i)),
       'KW-' || lpad(i::text, 6, '0'), 3.5 + 1.5 * pg_temp.u(8, i), pg_temp.u(9, i) < 0.3, pg_temp.u(10, i) < 0.1,
       floor(pg_temp.u(11, i) * 2000)::integer, p.created_at
from generate_series(1, :drivers) i join public.profiles p on p.id = pg_temp.id('user', i);

-- A driver has had several devices. A third of the positions is older than 7 days; many of those phones died
-- without signing off, so they still count as online.
insert into public.driver_locations
    (id, driver_id, device, city, lat, lon, heading, speed_kmh, online, available, last_ping)
select pg_temp.id('location', i), d.id, 'device-' || i, d.city,
       c.lat + (pg_temp.u(12, i) - 0.5) * 0.2, c.lon + (pg_temp.u(13, i) - 0.5) * 0.2,
       floor(pg_temp.u(14, i) * 360)::smallint, pg_temp.u(15, i) * 60, pg_temp.u(16, i) < 0.4, pg_temp.u(17, i) < 0.6,
       timestamptz :'now' - case
           when pg_temp.u(18, i) < 0.45 then interval '24 hours' * pg_temp.u(19, i)
           when pg_temp.u(18, i) < 0.65 then interval '6 days' * pg_temp.u(19, i)
           else interval '9 days' + interval '200 days' * pg_temp.u(19, i) end
from generate_series(1, :locations) i
join public.drivers d on d.id = pg_temp.id('user', 1 + i % :drivers) join city c on c.name = d.city;

insert into public.marketplace_vendors (id, shop_name, city, rating, is_open, created_at)
select p.id, 'Shop ' || i, p.city, 3 + 2 * pg_temp.u(21, i), pg_temp.u(22, i) < 0.8, p.created_at
from generate_series(1, :vendors) i join public.profiles p on p.id = pg_temp.id('user', :drivers + i);

insert into public.marketplace_products
    (id, vendor_id, title, description, category, price, stock, is_active, attributes, created_at, updated_at)
select pg_temp.id('product', i), pg_temp.vendor(pg_temp.u(23, i)),
       thing || ' ' || pg_temp.pick(array['en raphia', 'en coton', 'artisanal', 'importé', 'pour enfants', 'de marché',
                                          'brodé', 'léger', 'solaire', 'de Kinshasa'], pg_temp.u(25, i)) || ' ' || i % 500,
       case when pg_temp.u(26, i) >= 0.2 then thing || pg_temp.pick(array[
           ' de très bonne qualité, livré en moins de deux heures.',
           ' fabriqué à la main par des artisans locaux, plusieurs couleurs disponibles.',
           ' idéal pour les fêtes et les cérémonies; lavable en machine.',
           ' durable et facile à réparer, garantie de six mois.'], pg_temp.u(27, i)) end,
       pg_temp.pick(array['mode', 'mode', 'maison', 'alimentation', 'téléphonie', 'beauté'], pg_temp.u(28, i)),
       round((500 + 200000 * power(pg_temp.u(29, i), 3))::numeric, -2), floor(pg_temp.u(30, i) * 200)::integer,
       pg_temp.u(31, i) < 0.85, jsonb_build_object('weight_g', floor(pg_temp.u(32, i) * 5000)::integer, 'new', i % 3 > 0),
       pg_temp.moment(33, i), pg_temp.moment(33, i)
from generate_series(1, :products) i, lateral (select pg_temp.pick(array['Pagne', 'Sac', 'Chemise', 'Panier', 'Lampe',
    'Sandales', 'Téléphone', 'Savon', 'Café', 'Miroir', 'Radio', 'Bijou'], pg_temp.u(24, i)) as thing) x;

insert into public.promo_codes
    (id, code, description, discount_percent, is_active, valid_from, valid_until, created_at)
select pg_temp.id('promo', i), 'PROMO' || i, 'Campaign ' || i, 5 + 5 * (i % 8),
       -- 15 % are over and still active (the backlog), 40 % over and ended, 40 % run, 5 % never end.
       kind < 0.15 or kind >= 0.55, until - interval '30 days', case when kind < 0.95 then until end,
       until - interval '31 days'
from generate_series(1, :promos) i, lateral (select i::double precision / :promos as kind) k,
     lateral (select case when kind < 0.55 then timestamptz :'now' - interval '300 days' * (0.001 + pg_temp.u(35, i))
                          else timestamptz :'now' + interval '60 days' * (0.01 + pg_temp.u(35, i)) end as until) x;

-- Transport ------------------------------------------------------------------------------------------------

insert into public.transport_bookings
    (id, created_at, updated_at, status, city, zone_id, vehicle_class, customer_id, driver_id, passenger_name,
     passenger_phone, pickup_address, pickup_lat, pickup_lon, dropoff_address, dropoff_lat, dropoff_lon, waypoints,
     distance_km, duration_min, scheduled_for, assigned_at, accepted_at, arrived_at, started_at, completed_at,
     cancelled_at, cancellation_type, cancellation_reason, cancelled_by, cancellation_fee, currency, base_fare,
     distance_fare, time_fare, surge_multiplier, discount, tip, payment_method, payment_status, promo_code, rating,
     customer_note, device_info, app_version, share_token, is_test, metadata)
select pg_temp.id('booking', i), t, t + interval '20 minutes' * taken::integer, status, z.city,
       case when pg_temp.u(43, i) < 0.85 then z.id end,
       pg_temp.pick(array['moto', 'moto', 'moto', 'moto', 'eco', 'eco', 'eco', 'confort', 'premium', 'van'],
                    pg_temp.u(44, i)),
       customer, case when taken then pg_temp.driver(pg_temp.u(46, i)) end,
       'Passenger ' || i % 100000, '+243000' || lpad((i % 1000000)::text, 6, '0'),
       pg_temp.street(47, i, z.name), c.lat + (pg_temp.u(49, i) - 0.5) * 0.2, c.lon + (pg_temp.u(50, i) - 0.5) * 0.2,
       pg_temp.street(51, i, z.name), c.lat + (pg_temp.u(53, i) - 0.5) * 0.2, c.lon + (pg_temp.u(54, i) - 0.5) * 0.2,
       case when i % 12 = 0 then jsonb_build_array(jsonb_build_object('lat', c.lat, 'lon', c.lon)) else '[]' end,
       km, (4 + km * 3)::integer, case when i % 15 = 0 then t + interval '2 hours' end,
       case when taken then t + interval '3 minutes' * pg_temp.u(55, i) end,
       case when taken and status <> 'pending' then t + interval '4 minutes' end,
       case when status in ('in_progress', 'completed') then t + interval '10 minutes' end,
       case when status in ('in_progress', 'completed') then t + interval '12 minutes' end,
       case when status = 'completed' then t + interval '12 minutes' + interval '1 minute' * (4 + km * 3) end,
       case when status = 'cancelled' then t + interval '9 minutes' end,
       case when status = 'cancelled' then case when i % 3 = 0 then 'driver' else 'customer' end end,
       case when status = 'cancelled' then
           pg_temp.pick(array['trop long', 'changement de plan', 'prix trop élevé', 'erreur de lieu'], pg_temp.u(56, i)) end,
       case when status = 'cancelled' and i % 3 > 0 then customer end,
       case when status = 'cancelled' and taken then 1000 else 0 end,
       case when z.city = 'Abidjan' then 'XOF' else 'CDF' end, 1500, round(km * 900, -1), round(km * 150, -1),
       z.surge, case when pg_temp.u(57, i) < 0.05 then 500 else 0 end, case when i % 11 = 0 then 500 else 0 end,
       pg_temp.pick(array['cash', 'cash', 'wallet', 'mobile_money', 'card'], pg_temp.u(58, i)),
       case status when 'completed' then 'paid' else 'unpaid' end,
       -- The codes are stored in upper case and typed in lower case.
       case when pg_temp.u(57, i) < 0.05 then 'promo' || 1 + floor(pg_temp.u(59, i) * :promos)::bigint end,
       case when status = 'completed' and i % 2 = 0 then 1 + floor(sqrt(pg_temp.u(60, i)) * 5)::smallint end,
       case when i % 6 = 0 then 'Appelez-moi en arrivant, je suis devant le portail bleu.' end,
       jsonb_build_object('os', pg_temp.pick(array['android', 'android', 'android', 'ios'], pg_temp.u(61, i)),
                          'model', 'M' || i % 40),
       '3.' || i % 9, case when pg_temp.u(62, i) < 0.3 then md5('share' || :'seed' || i) end, i % 997 = 0,
       jsonb_build_object('quote', i % 100000)
from (
    select i, t, customer, km, status,
           status not in ('pending', 'cancelled') or (status = 'pending' and pg_temp.u(45, i) < 0.15)
               or (status = 'cancelled' and pg_temp.u(45, i) < 0.6) as taken
    from (
        select i, pg_temp.moment(40, i) as t, pg_temp.customer(pg_temp.u(63, i)) as customer,
               round((1 + 18 * power(pg_temp.u(64, i), 2))::numeric, 2) as km
        from generate_series(1, :bookings) i
        offset 0) a,
    lateral (select case
        -- Fresh ones are under way. Of the old ones, 2.5 % hang in 'pending': nobody ever cancelled them. A
        -- seventh of these has a driver, and is none of the auto-cancel job's business.
        when t > timestamptz :'now' - interval '2 hours' then pg_temp.pick(
            array['pending', 'accepted', 'arrived', 'in_progress', 'completed', 'cancelled'], pg_temp.u(65, i))
        when pg_temp.u(65, i) < 0.80 then 'completed' when pg_temp.u(65, i) < 0.955 then 'cancelled'
        when pg_temp.u(65, i) < 0.975 then 'no_show' else 'pending' end as status) s
    offset 0) b
join public.zones z on z.id = pg_temp.zone(pg_temp.u(42, i)) join city c on c.name = z.city
order by t, i;

insert into public.booking_messages (id, booking_id, booking_created_at, sender_id, body, sent_at)
select pg_temp.id('message', i), pg_temp.id('booking', b), pg_temp.moment(40, b), pg_temp.customer(pg_temp.u(63, b)),
       pg_temp.pick(array['Je suis là.', 'Où êtes-vous ?', 'Deux minutes.', 'Merci !', 'Devant la pharmacie.'],
                    pg_temp.u(71, i)), pg_temp.moment(40, b) + interval '6 minutes' * pg_temp.u(72, i)
from generate_series(1, :messages) i, lateral (select 1 + floor(pg_temp.u(70, i) * :bookings)::bigint as b) x;

-- Marketplace ----------------------------------------------------------------------------------------------

insert into public.marketplace_orders
    (id, created_at, updated_at, status, city, zone_id, customer_id, vendor_id, item_count, currency, subtotal,
     delivery_fee, service_fee, discount, tax, payment_method, payment_status, payment_reference, promo_code,
     delivery_address, delivery_lat, delivery_lon, delivery_instructions, paid_at, prepared_at, shipped_at,
     delivered_at, cancelled_at, cancellation_type, cancellation_reason, customer_rating, customer_note, source,
     device_info, is_test, metadata)
select pg_temp.id('order', i), t, t + interval '1 hour', status, z.city, z.id, pg_temp.customer(pg_temp.u(83, i)),
       pg_temp.vendor(pg_temp.u(84, i)), 1 + i % 4, case when z.city = 'Abidjan' then 'XOF' else 'CDF' end,
       amount, 3000, round(amount * 0.02), case when i % 14 = 0 then 1000 else 0 end, round(amount * 0.16),
       pg_temp.pick(array['wallet', 'wallet', 'mobile_money', 'card', 'cash'], pg_temp.u(85, i)),
       case when status in ('pending', 'cancelled') then 'unpaid' else 'paid' end, 'PAY-' || i,
       case when i % 14 = 0 then 'promo' || 1 + i % :promos end, pg_temp.street(86, i, z.name),
       c.lat + (pg_temp.u(88, i) - 0.5) * 0.2, c.lon + (pg_temp.u(89, i) - 0.5) * 0.2,
       case when i % 5 = 0 then 'Laisser chez le gardien, troisième étage.' end,
       case when status not in ('pending', 'cancelled') then t + interval '2 minutes' end,
       case when status in ('shipped', 'delivered') then t + interval '35 minutes' end,
       case when status in ('shipped', 'delivered') then t + interval '50 minutes' end,
       case when status = 'delivered' then t + interval '95 minutes' end,
       case when status = 'cancelled' then t + interval '20 minutes' end,
       case when status = 'cancelled' then pg_temp.pick(array['customer', 'customer', 'vendor'], pg_temp.u(90, i)) end,
       case when status = 'cancelled' then 'article indisponible' end,
       case when status = 'delivered' and i % 3 = 0 then 3 + i % 3 end,
       case when i % 9 = 0 then 'Bien emballer, c''est un cadeau.' end,
       pg_temp.pick(array['app', 'app', 'app', 'web'], pg_temp.u(91, i)),
       jsonb_build_object('os', 'android', 'screen', '720x1600'), i % 997 = 0, jsonb_build_object('cart', i)
from (
    select i, t, round((2000 + 150000 * power(pg_temp.u(92, i), 3))::numeric, -2) as amount, case
        when t > timestamptz :'now' - interval '3 hours'
            then pg_temp.pick(array['pending', 'paid', 'preparing', 'shipped'], pg_temp.u(93, i))
        when pg_temp.u(93, i) < 0.86 then 'delivered' when pg_temp.u(93, i) < 0.96 then 'cancelled'
        when pg_temp.u(93, i) < 0.98 then 'refunded' else 'paid' end as status
    from (select i, pg_temp.moment(80, i) as t from generate_series(1, :orders) i offset 0) a
    offset 0) o
join public.zones z on z.id = pg_temp.zone(pg_temp.u(94, i)) join city c on c.name = z.city
order by t, i;

insert into public.marketplace_order_items (order_id, order_created_at, product_id, quantity, unit_price)
select pg_temp.id('order', 1 + i % :orders), pg_temp.moment(80, 1 + i % :orders),
       pg_temp.id('product', 1 + floor(power(pg_temp.u(96, i), 2) * :products)::bigint),
       1 + floor(power(pg_temp.u(97, i), 3) * 5)::integer,
       round((500 + 60000 * power(pg_temp.u(98, i), 3))::numeric, -2)
from generate_series(1, :items) i;

insert into public.promo_redemptions (promo_id, user_id, order_id, order_created_at, redeemed_at)
select pg_temp.id('promo', 1 + i % :promos), pg_temp.customer(pg_temp.u(83, o)), pg_temp.id('order', o),
       pg_temp.moment(80, o), pg_temp.moment(80, o)
from generate_series(1, :redemptions) i, lateral (select 1 + (i * 14) % :orders as o) x;

-- Delivery -------------------------------------------------------------------------------------------------

insert into public.delivery_orders
    (id, created_at, updated_at, status, city, zone_id, customer_id, driver_id, marketplace_order_id, tracking_code,
     sender_name, sender_phone, pickup_address, pickup_lat, pickup_lon, recipient_name, recipient_phone,
     dropoff_address, dropoff_lat, dropoff_lon, package_type, weight_kg, is_fragile, declared_value, currency,
     base_fee, distance_fee, distance_km, payment_method, payment_status, assigned_at, picked_up_at, delivered_at,
     cancelled_at, cancellation_type, cancellation_reason, signature_name, customer_note, device_info, metadata)
select pg_temp.id('delivery', i), t, t + interval '30 minutes', status, z.city, z.id,
       pg_temp.customer(pg_temp.u(103, i)),
       case when status not in ('pending', 'cancelled') or (status = 'pending' and pg_temp.u(104, i) < 0.15)
            then pg_temp.driver(pg_temp.u(105, i)) end,
       case when i % 3 = 0 then pg_temp.id('order', 1 + i % :orders) end, 'KW' || upper(left(md5(:'seed' || i), 10)),
       'Sender ' || i % 100000, '+243000' || lpad((i % 1000000)::text, 6, '0'), pg_temp.street(106, i, z.name),
       c.lat + (pg_temp.u(108, i) - 0.5) * 0.2, c.lon + (pg_temp.u(109, i) - 0.5) * 0.2,
       'Recipient ' || i % 99991, '+243000' || lpad((i * 7 % 1000000)::text, 6, '0'), pg_temp.street(110, i, z.name),
       c.lat + (pg_temp.u(112, i) - 0.5) * 0.2, c.lon + (pg_temp.u(113, i) - 0.5) * 0.2,
       pg_temp.pick(array['parcel', 'parcel', 'document', 'food', 'medicine'], pg_temp.u(114, i)),
       round((0.2 + 15 * power(pg_temp.u(115, i), 3))::numeric, 2), i % 10 = 0, 10000 + 500 * (i % 90),
       case when z.city = 'Abidjan' then 'XOF' else 'CDF' end, 2500, round(km * 700, -1), km,
       pg_temp.pick(array['cash', 'cash', 'wallet', 'mobile_money'], pg_temp.u(116, i)),
       case status when 'delivered' then 'paid' else 'unpaid' end,
       case when status not in ('pending', 'cancelled') then t + interval '6 minutes' end,
       case when status in ('picked_up', 'delivered', 'returned') then t + interval '20 minutes' end,
       case when status = 'delivered' then t + interval '20 minutes' + interval '1 minute' * (5 + km * 3) end,
       case when status = 'cancelled' then t + interval '15 minutes' end,
       case when status = 'cancelled' then 'customer' end, case when status = 'cancelled' then 'annulé par le client' end,
       case when status = 'delivered' and i % 2 = 0 then 'Recipient ' || i % 99991 end,
       case when i % 7 = 0 then 'Fragile, tenir droit.' end, jsonb_build_object('os', 'android'),
       jsonb_build_object('batch', i % 1000)
from (
    select i, t, round((1 + 22 * power(pg_temp.u(117, i), 2))::numeric, 2) as km, case
        when t > timestamptz :'now' - interval '3 hours'
            then pg_temp.pick(array['pending', 'assigned', 'picked_up', 'delivered'], pg_temp.u(118, i))
        when pg_temp.u(118, i) < 0.86 then 'delivered' when pg_temp.u(118, i) < 0.95 then 'cancelled'
        when pg_temp.u(118, i) < 0.97 then 'returned' else 'pending' end as status
    from (select i, pg_temp.moment(100, i) as t from generate_series(1, :deliveries) i offset 0) a
    offset 0) d
join public.zones z on z.id = pg_temp.zone(pg_temp.u(119, i)) join city c on c.name = z.city
order by t, i;

insert into public.marketplace_disputes
    (id, order_id, order_created_at, delivery_id, delivery_created_at, opened_by, reason, status, opened_at)
select pg_temp.id('dispute', i), pg_temp.id('order', o), pg_temp.moment(80, o),
       case when i % 2 = 0 then pg_temp.id('delivery', d) end, case when i % 2 = 0 then pg_temp.moment(100, d) end,
       pg_temp.customer(pg_temp.u(83, o)), pg_temp.pick(array['colis abîmé', 'jamais reçu', 'mauvais article'],
       pg_temp.u(122, i)), pg_temp.pick(array['open', 'resolved', 'resolved', 'rejected'], pg_temp.u(123, i)),
       pg_temp.moment(80, o) + interval '2 days' * pg_temp.u(124, i)
from generate_series(1, :disputes) i, lateral (select 1 + floor(pg_temp.u(120, i) * :orders)::bigint as o,
                                                      1 + floor(pg_temp.u(121, i) * :deliveries)::bigint as d) x;

-- Wallet ---------------------------------------------------------------------------------------------------

insert into public.wallets (user_id, currency, updated_at)
select id, case when city = 'Abidjan' then 'XOF' else 'CDF' end, created_at from public.profiles order by created_at, id;

insert into public.wallet_transactions
    (id, user_id, type, amount, booking_id, booking_created_at, order_id, order_created_at, delivery_id,
     delivery_created_at, provider, provider_reference, created_at)
select pg_temp.id('transaction', i),
       case when kind < 4 then pg_temp.customer(pg_temp.u(63, n)) when kind < 6 then pg_temp.customer(pg_temp.u(83, n))
            else pg_temp.customer(pg_temp.u(132, i)) end,
       case when kind < 7 then 'payment' else pg_temp.pick(array['topup', 'topup', 'topup', 'payout', 'refund', 'reward'],
           pg_temp.u(133, i)) end,
       case when kind < 7 then -1 else 1 end * round((500 + 40000 * power(pg_temp.u(134, i), 2))::numeric, -1),
       case when kind < 4 then pg_temp.id('booking', n) end, case when kind < 4 then t end,
       case when kind in (4, 5) then pg_temp.id('order', n) end, case when kind in (4, 5) then t end,
       case when kind = 6 then pg_temp.id('delivery', n) end, case when kind = 6 then t end,
       pg_temp.pick(array['mobile_money', 'mobile_money', 'card', 'agent'], pg_temp.u(135, i)), 'TX-' || i, t
from (
    select i, kind, n, case when kind < 4 then pg_temp.moment(40, n) when kind in (4, 5) then pg_temp.moment(80, n)
                            when kind = 6 then pg_temp.moment(100, n) else pg_temp.moment(130, i) end as t
    from (select i, i % 10 as kind, 1 + floor(pg_temp.u(131, i) * case when i % 10 < 4 then :bookings
                 when i % 10 < 6 then :orders else :deliveries end)::bigint as n
          from generate_series(1, :transactions) i offset 0) a
    offset 0) b
order by t, i;

-- Caches, lottery, notifications ---------------------------------------------------------------------------

-- A route lives 6 hours, an address 3 days. Nothing was ever removed: most have expired.
insert into public.route_cache (id, origin_hash, destination_hash, route, cached_at, expires_at)
select pg_temp.id('route', i), hashint8extended(i % 700, 1), hashint8extended(i, 2),
       jsonb_build_object('km', round((20 * pg_temp.u(141, i))::numeric, 1), 'polyline', repeat(md5(i::text), 6)),
       t, t + interval '6 hours'
from generate_series(1, :routes) i,
     lateral (select timestamptz :'now' - interval '5 days' * power(pg_temp.u(140, i), 2) as t) x;

insert into public.geocode_cache (query, lat, lon, provider, cached_at, expires_at)
select pg_temp.street(143, i, 'Kinshasa') || ' #' || i, -4.3 + 0.2 * pg_temp.u(145, i), 15.3 + 0.2 * pg_temp.u(146, i),
       pg_temp.pick(array['osm', 'osm', 'plus_codes'], pg_temp.u(147, i)), t, t + interval '3 days'
from generate_series(1, :geocodes) i,
     lateral (select timestamptz :'now' - interval '30 days' * power(pg_temp.u(142, i), 2) as t) x;

-- A third was reset today (the local day), the others wait for midnight's job.
insert into public.lottery_limits (user_id, cards_earned_today, cards_total, last_reset_date)
select pg_temp.id('user', :drivers + :vendors + i), floor(power(pg_temp.u(151, i), 2) * 11)::integer,
       floor(pg_temp.u(152, i) * 300)::integer,
       (timestamptz :'now' at time zone 'Africa/Kinshasa')::date
           - case when pg_temp.u(153, i) < 0.33 then 0 else 1 + floor(power(pg_temp.u(154, i), 4) * 60)::integer end
from generate_series(1, least(:limits, :users - :drivers - :vendors)) i;

-- Draws are on Saturdays.
insert into public.lottery_tickets (id, user_id, number, status, draw_date, prize, created_at)
select pg_temp.id('ticket', i), pg_temp.customer(pg_temp.u(161, i)), floor(pg_temp.u(162, i) * 1000000)::integer,
       status, draw, case status when 'won' then 1000 * (1 + i % 50) end, t
from (
    select i, t, draw, case when draw >= (timestamptz :'now')::date then 'active'
        else pg_temp.pick(array['lost', 'lost', 'lost', 'lost', 'lost', 'lost', 'lost', 'lost', 'won', 'void'],
                          pg_temp.u(163, i)) end as status
    from (select i, t, t::date + (6 - extract(dow from t)::integer) as draw
          from (select i, pg_temp.moment(158, i) as t from generate_series(1, :tickets) i offset 0) a) b
    offset 0) c
order by t, i;

insert into public.notifications (dedupe_key, recipient_id, kind, severity, title, body, data, created_at, read_at)
select case when i % 20 = 0 then 'receipt:' || i end, pg_temp.customer(pg_temp.u(166, i)), kind, 'info',
       case kind when 'receipt' then 'Votre reçu' when 'promo' then 'Offre de la semaine' else 'Votre course' end,
       'Message ' || i, jsonb_build_object('n', i), t, case when pg_temp.u(168, i) < 0.7 then t + interval '3 hours' end
from (select i, pg_temp.moment(169, i) as t,
             pg_temp.pick(array['receipt', 'receipt', 'ride', 'ride', 'promo'], pg_temp.u(167, i)) as kind
      from generate_series(1, :notifications) i offset 0) a
order by t, i;

-- Security events ------------------------------------------------------------------------------------------

insert into public.security_events (event_type, user_id, address, user_agent, occurred_at)
select event_type, user_id, address, 'Kwenda/3 (Android)', t
from (
    -- Every day's noise: far below the monitor's limit.
    select pg_temp.pick(array['login_succeeded', 'login_succeeded', 'login_succeeded', 'login_succeeded',
                              'login_failed', 'password_changed'], pg_temp.u(171, i)) as event_type,
           case when pg_temp.u(172, i) < 0.95 then pg_temp.customer(pg_temp.u(173, i)) end as user_id,
           pg_temp.address(174, i) as address, pg_temp.moment(175, i) as t
    from generate_series(1, :events) i
    union all
    -- Attacks of the last day, 14 to 29 failures within 40 minutes: odd ones on one user from changing
    -- addresses, even ones from one address on changing names. The monitor must report each, once.
    select 'login_failed', case when b % 2 = 1 then pg_temp.customer(pg_temp.u(180, b)) end,
           case when b % 2 = 1 then pg_temp.address(181, b * 100 + k) else inet '203.0.113.0' + 1 + (b % 250) end,
           timestamptz :'now' - interval '23 hours' * pg_temp.u(182, b) - interval '10 minutes'
               - interval '40 minutes' * k / 30
    from generate_series(1, :bursts) b, generate_series(1, 14 + b % 16) k
    union all
    -- Not attacks: 10 failures within an hour (the limit itself), and 12 spread over four hours.
    select 'login_failed', pg_temp.customer(pg_temp.u(184, b)), pg_temp.address(185, b),
           timestamptz :'now' - interval '15 hours' * pg_temp.u(186, b)
               - case b % 2 when 0 then interval '40 minutes' * k / 10 else interval '4 hours' * k / 12 end
    from generate_series(1, :bursts) b, generate_series(1, 10 + 2 * (b % 2)) k
    union all
    -- An attack of long ago: too old to report.
    select 'login_failed', null, inet '198.51.100.7',
           timestamptz :'now' - interval '40 days' - interval '1 minute' * k
    from generate_series(1, 25) k) e
order by t, address, user_id;

-- Access logs: what is missing to the wanted number of rows --------------------------------------------------

select greatest(100, :rows * 0.02, :rows - (select count(*) from auth.users) - (select count(*) from public.profiles)
    - (select count(*) from public.zones) - (select count(*) from public.drivers)
    - (select count(*) from public.driver_locations) - (select count(*) from public.transport_bookings)
    - (select count(*) from public.booking_status_history) - (select count(*) from public.booking_messages)
    - (select count(*) from public.marketplace_vendors) - (select count(*) from public.marketplace_products)
    - (select count(*) from public.marketplace_orders) - (select count(*) from public.marketplace_order_items)
    - (select count(*) from public.marketplace_disputes) - (select count(*) from public.delivery_orders)
    - (select count(*) from public.delivery_tracking_events) - (select count(*) from public.wallets)
    - (select count(*) from public.wallet_transactions) - (select count(*) from public.promo_codes)
    - (select count(*) from public.promo_redemptions) - (select count(*) from public.route_cache)
    - (select count(*) from public.geocode_cache) - (select count(*) from public.lottery_limits)
    - (select count(*) from public.lottery_tickets) - (select count(*) from public.security_events)
    - (select count(*) from public.notifications) - (select count(*) from public.audit_log))::bigint as logs
\gset

insert into public.api_access_logs
    (created_at, user_id, address, method, path, status, duration_ms, user_agent, request_id)
select t, case when pg_temp.u(191, i) < 0.8 then pg_temp.customer(pg_temp.u(192, i)) end, pg_temp.address(193, i),
       pg_temp.pick(array['GET', 'GET', 'GET', 'POST'], pg_temp.u(194, i)),
       pg_temp.pick(array['/v1/bookings', '/v1/bookings/quote', '/v1/orders', '/v1/wallet', '/v1/login', '/v1/drivers/near'],
                    pg_temp.u(195, i)),
       pg_temp.pick(array[200, 200, 200, 200, 200, 200, 201, 304, 401, 429, 500], pg_temp.u(196, i))::smallint,
       (8 + 900 * power(pg_temp.u(197, i), 6))::integer, 'Kwenda/3 (Android)', pg_temp.id('request', i)
from (select i, pg_temp.moment(198, i) as t from generate_series(1, :logs) i offset 0) a
order by t, i;

commit;

-- Autovacuum never analyzes a partitioned parent. The materialized view is left as it is: stale.
select format('analyze %s', string_agg(oid::regclass::text, ', ' order by oid))
from pg_catalog.pg_class
where relkind in ('r', 'p') and not relispartition and relnamespace in ('public'::regnamespace, 'auth'::regnamespace)
\gexec
