-- SPDX-License-Identifier: Apache-2.0
-- Views, materialized views and functions that stand on the partitioned tables.

-- Difficulty: bound by OID: after a rename these still read the old table.
create view public.live_bookings as
select b.id, b.created_at, b.city, b.status, b.vehicle_class, b.driver_id, d.plate, b.total_fare
from public.transport_bookings b
left join public.drivers d on d.id = b.driver_id
where b.status in ('pending', 'accepted', 'arrived', 'in_progress');

create view public.courier_board as
select o.id, o.created_at, o.city, z.name as zone, o.status, o.package_type, o.total_fee
from public.delivery_orders o
join public.zones z on z.id = o.zone_id
where o.status in ('pending', 'assigned', 'picked_up');
-- Row level security is that of who asks; PostgreSQL 14 cannot do that.
do $$
begin
    if current_setting('server_version_num')::int >= 150000 then
        alter view public.courier_board set (security_invoker = true);
    end if;
end
$$;

-- Difficulty: grouped by the primary key, on which the other columns depend. The view depends on the key's
-- constraint, not only on the table.
create view public.order_values as
select o.id, o.created_at, o.order_number, o.city, o.status, sum(i.quantity * i.unit_price) as goods
from public.marketplace_orders o
join public.marketplace_order_items i on i.order_id = o.id and i.order_created_at = o.created_at
group by o.id, o.created_at;

-- The checklist's dashboard: one row a local day and city, 60 days back. Without a time of refresh in it, so
-- that a concurrent refresh writes changed rows only.
create materialized view public.admin_dashboard_stats as
with business as (
    select (created_at at time zone 'Africa/Kinshasa')::date as day, city, 'bookings' as line,
           status = 'cancelled' as cancelled, total_fare as revenue
    from public.transport_bookings
    where created_at >= now() - interval '60 days' and not is_test
    union all
    select (created_at at time zone 'Africa/Kinshasa')::date, city, 'orders', status = 'cancelled', total
    from public.marketplace_orders
    where created_at >= now() - interval '60 days' and not is_test
    union all
    select (created_at at time zone 'Africa/Kinshasa')::date, city, 'deliveries', status = 'cancelled', total_fee
    from public.delivery_orders
    where created_at >= now() - interval '60 days'
)
select day, city,
       count(*) filter (where line = 'bookings') as bookings,
       count(*) filter (where line = 'bookings' and cancelled) as cancelled_bookings,
       count(*) filter (where line = 'orders') as orders,
       count(*) filter (where line = 'deliveries') as deliveries,
       coalesce(sum(revenue) filter (where not cancelled), 0) as revenue
from business
group by day, city;

-- What REFRESH ... CONCURRENTLY needs: unique, on plain columns, without a condition.
create unique index admin_dashboard_stats_key on public.admin_dashboard_stats (day, city);

-- Difficulty: names its table without a schema. PostgreSQL 17 and later refresh with the path
-- `pg_catalog, pg_temp`, under which the materialized view below fails.
create function public.zone_surge(zone integer) returns numeric
language plpgsql stable as $$
begin
    return (select z.surge from zones z where z.id = zone);
end
$$;

-- Difficulty: never populated, and without a unique index: it cannot be read, nor refreshed concurrently.
-- No job refreshes it.
create materialized view public.zone_demand as
select zone_id, date_trunc('hour', created_at, 'UTC') as hour, count(*) as bookings,
       max(public.zone_surge(zone_id)) as surge
from public.transport_bookings
where zone_id is not null
group by 1, 2
with no data;

-- Difficulty: a function over the table's row type, and one with a body in standard SQL: both bound by OID.
create function public.booking_title(b public.transport_bookings) returns text
language sql immutable
return b.booking_number || ' ' || b.city || ' ' || b.status;

create function public.open_bookings(in_city text) returns bigint
language sql stable
begin atomic
    select count(*) from public.transport_bookings where city = in_city and status = 'pending';
end;

grant select on public.live_bookings, public.courier_board, public.order_values to authenticated;
revoke all on public.live_bookings, public.courier_board, public.order_values,
    public.admin_dashboard_stats, public.zone_demand from anon;
