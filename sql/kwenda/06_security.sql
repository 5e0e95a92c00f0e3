-- SPDX-License-Identifier: Apache-2.0
-- Row level security, policies, grants, publication.

-- Difficulty: SECURITY DEFINER without a search_path (2 and 3 of 3): whoever may create a table in a schema of
-- the caller's path makes these read it.
create function public.is_admin() returns boolean
language sql stable security definer as $$
    select exists (select from profiles where id = auth.uid() and role = 'admin')
$$;

create function public.credit_wallet(user_id uuid, amount numeric) returns void
language sql security definer as $$
    insert into wallet_transactions (user_id, type, amount) values ($1, 'reward', $2)
$$;

alter table public.profiles enable row level security;
alter table public.zones enable row level security;
alter table public.drivers enable row level security;
alter table public.driver_locations enable row level security;
alter table public.transport_bookings enable row level security;
alter table public.booking_status_history enable row level security;
alter table public.booking_messages enable row level security;
alter table public.marketplace_vendors enable row level security;
alter table public.marketplace_products enable row level security;
alter table public.marketplace_orders enable row level security;
alter table public.marketplace_order_items enable row level security;
alter table public.marketplace_disputes enable row level security;
alter table public.delivery_orders enable row level security;
alter table public.delivery_tracking_events enable row level security;
alter table public.wallets enable row level security;
alter table public.wallet_transactions enable row level security;
alter table public.promo_codes enable row level security;
alter table public.promo_redemptions enable row level security;
alter table public.route_cache enable row level security;
alter table public.geocode_cache enable row level security;
alter table public.api_access_logs enable row level security;
alter table public.lottery_limits enable row level security;
alter table public.lottery_tickets enable row level security;
alter table public.security_events enable row level security;
alter table public.notifications enable row level security;
alter table public.audit_log enable row level security;

-- Difficulty: nine policies on transport_bookings, five on marketplace_orders, three on delivery_orders.
create policy bookings_customer_reads on public.transport_bookings for select to authenticated
    using (customer_id = auth.uid());
create policy bookings_customer_asks on public.transport_bookings for insert to authenticated
    with check (customer_id = auth.uid() and status = 'pending');
create policy bookings_customer_cancels on public.transport_bookings for update to authenticated
    using (customer_id = auth.uid() and status in ('pending', 'accepted'))
    with check (customer_id = auth.uid() and status = 'cancelled');
create policy bookings_driver_reads on public.transport_bookings for select to authenticated
    using (driver_id = auth.uid());
create policy bookings_driver_sees_open on public.transport_bookings for select to authenticated
    using (status = 'pending' and driver_id is null and exists (
        select from public.drivers d
        where d.id = auth.uid() and d.city = transport_bookings.city and d.is_online));
create policy bookings_driver_works on public.transport_bookings for update to authenticated
    using (driver_id = auth.uid() and status <> 'completed');
create policy bookings_admin on public.transport_bookings for all to authenticated
    using (public.is_admin()) with check (public.is_admin());
create policy bookings_no_test_rows on public.transport_bookings as restrictive for select to authenticated
    using (not is_test or public.is_admin());
create policy bookings_service on public.transport_bookings for all to service_role
    using (true) with check (true);

create policy orders_customer_reads on public.marketplace_orders for select to authenticated
    using (customer_id = auth.uid());
create policy orders_customer_buys on public.marketplace_orders for insert to authenticated
    with check (customer_id = auth.uid());
create policy orders_vendor_reads on public.marketplace_orders for select to authenticated
    using (vendor_id = auth.uid());
create policy orders_vendor_works on public.marketplace_orders for update to authenticated
    using (vendor_id = auth.uid());
create policy orders_service on public.marketplace_orders for all to service_role
    using (true) with check (true);

create policy deliveries_customer on public.delivery_orders for select to authenticated
    using (customer_id = auth.uid());
create policy deliveries_driver on public.delivery_orders for all to authenticated
    using (driver_id = auth.uid());
create policy deliveries_service on public.delivery_orders for all to service_role
    using (true) with check (true);

-- Difficulty: policies of other tables that name the partitioned ones (bound by OID: after a rename they read
-- the old table).
create policy messages_of_own_booking on public.booking_messages for all to authenticated
    using (exists (
        select from public.transport_bookings b
        where b.id = booking_id and b.created_at = booking_created_at
          and auth.uid() in (b.customer_id, b.driver_id)));
create policy history_of_own_booking on public.booking_status_history for select to authenticated
    using (exists (
        select from public.transport_bookings b
        where b.id = booking_id and b.created_at = booking_created_at and b.customer_id = auth.uid()));
create policy items_of_own_order on public.marketplace_order_items for select to authenticated
    using (exists (
        select from public.marketplace_orders o
        where o.id = order_id and o.created_at = order_created_at
          and auth.uid() in (o.customer_id, o.vendor_id)));
create policy disputes_of_own_order on public.marketplace_disputes for select to authenticated
    using (exists (
        select from public.marketplace_orders o
        where o.id = order_id and o.created_at = order_created_at and o.customer_id = auth.uid()));
create policy events_of_own_delivery on public.delivery_tracking_events for select to authenticated
    using (exists (
        select from public.delivery_orders d
        where d.id = delivery_id and d.created_at = delivery_created_at and d.customer_id = auth.uid()));

create policy profiles_own on public.profiles for all to authenticated
    using (id = auth.uid());
create policy zones_all_read on public.zones for select using (true);
create policy drivers_all_read on public.drivers for select to authenticated using (true);
create policy locations_driver on public.driver_locations for all to authenticated
    using (driver_id = auth.uid());
create policy locations_customers on public.driver_locations for select to authenticated
    using (online and available);
create policy vendors_all_read on public.marketplace_vendors for select using (true);
create policy products_all_read on public.marketplace_products for select using (is_active);
create policy products_vendor on public.marketplace_products for all to authenticated
    using (vendor_id = auth.uid());
create policy wallets_own on public.wallets for select to authenticated
    using (user_id = auth.uid());
create policy wallets_service on public.wallets for all to service_role
    using (true) with check (true);
create policy transactions_own on public.wallet_transactions for select to authenticated
    using (user_id = auth.uid());
create policy promos_running on public.promo_codes for select to authenticated
    using (is_active and (valid_until is null or valid_until > now()));
create policy redemptions_own on public.promo_redemptions for select to authenticated
    using (user_id = auth.uid());
create policy limits_own on public.lottery_limits for select to authenticated
    using (user_id = auth.uid());
create policy tickets_own on public.lottery_tickets for select to authenticated
    using (user_id = auth.uid());
create policy notifications_own on public.notifications for all to authenticated
    using (recipient_id = auth.uid());

-- The three parents refuse `anon` although the default privileges gave it everything. Their future partitions
-- are given everything again.
revoke all on public.transport_bookings, public.marketplace_orders, public.delivery_orders from anon;
revoke all on public.security_events, public.audit_log, public.api_access_logs from anon, authenticated;

-- Difficulty: a publication that publishes partitions under their own names. (The warning of a server whose
-- wal_level is below logical is not wanted here.)
set client_min_messages = error;
create publication kwenda_realtime
    for table public.transport_bookings, public.delivery_orders, public.booking_messages, public.notifications
    with (publish_via_partition_root = false);
-- From PostgreSQL 18 on, a table whose replica identity is the whole row cannot be updated while a generated column of it is not published.
do $$
begin
    if current_setting('server_version_num')::int >= 180000 then
        execute 'alter publication kwenda_realtime set (publish_generated_columns = stored)';
    end if;
end
$$;
reset client_min_messages;
