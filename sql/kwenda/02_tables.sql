-- SPDX-License-Identifier: Apache-2.0
-- The tables, each with its indexes. The six indexes of the scalability checklist are not here: they are
-- created, under their names, from the configuration.

-- People ---------------------------------------------------------------------------------------------------

create table public.profiles (
    id uuid primary key references auth.users (id) on delete cascade,
    email public.citext not null,
    display_name text not null,
    phone text,
    role text not null default 'customer' check (role in ('customer', 'driver', 'vendor', 'admin')),
    city text not null,
    language text not null default 'fr',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create unique index profiles_email_key on public.profiles (email);
create index profiles_role_idx on public.profiles (role);

create table public.zones (
    id integer primary key,
    city text not null,
    name text not null,
    surge numeric(4, 2) not null default 1.00,
    unique (city, name)
);

create table public.drivers (
    id uuid primary key references public.profiles (id) on delete cascade,
    city text not null,
    vehicle_class text not null check (vehicle_class in ('moto', 'eco', 'confort', 'premium', 'van')),
    plate text not null,
    rating numeric(3, 2) not null default 5.00,
    is_online boolean not null default false,
    is_busy boolean not null default false,
    trips integer not null default 0,
    joined_at timestamptz not null default now()
);

-- One row a driver and device, overwritten by each ping.
create table public.driver_locations (
    id uuid primary key default gen_random_uuid(),
    driver_id uuid not null references public.drivers (id) on delete cascade,
    device text not null,
    city text not null,
    lat double precision not null,
    lon double precision not null,
    heading smallint,
    speed_kmh real,
    online boolean not null default true,
    available boolean not null default true,
    last_ping timestamptz not null default now(),
    unique (driver_id, device)
);
create index driver_locations_last_ping_idx on public.driver_locations (last_ping);

-- Transport ------------------------------------------------------------------------------------------------

create sequence public.booking_number_seq;

-- Difficulty: 52 columns, partitioned by month. The primary key must hold the partition key, so `id` alone is
-- no longer unique, and a foreign key that points in needs both columns (see the children below).
-- No partition and no default partition exists: `pgtend partition create` makes them.
create table public.transport_bookings (
    id uuid not null default gen_random_uuid(),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    booking_number bigint not null default nextval('public.booking_number_seq'),
    status text not null default 'pending' check (status in
        ('pending', 'accepted', 'arrived', 'in_progress', 'completed', 'cancelled', 'no_show', 'disputed')),
    city text not null,
    zone_id integer references public.zones (id),
    vehicle_class text not null default 'eco',
    customer_id uuid not null references auth.users (id) on delete cascade,
    driver_id uuid references public.drivers (id) on delete set null,
    passenger_name text,
    passenger_phone text,
    pickup_address text not null,
    pickup_lat double precision not null,
    pickup_lon double precision not null,
    dropoff_address text not null,
    dropoff_lat double precision not null,
    dropoff_lon double precision not null,
    waypoints jsonb not null default '[]',
    distance_km numeric(7, 2),
    duration_min integer,
    scheduled_for timestamptz,
    assigned_at timestamptz,
    accepted_at timestamptz,
    arrived_at timestamptz,
    started_at timestamptz,
    completed_at timestamptz,
    cancelled_at timestamptz,
    -- Trap: the real table's CHECK did not know 'system', so that the auto-cancel job failed whenever a row
    -- matched, and looked healthy ("UPDATE 0") when none did. Here it is allowed.
    cancellation_type text
        constraint transport_bookings_cancellation_type_check
        check (cancellation_type in ('customer', 'driver', 'admin', 'system')),
    cancellation_reason text,
    -- Difficulty: a foreign key without an index.
    cancelled_by uuid references public.profiles (id) on delete set null,
    cancellation_fee numeric(12, 2) not null default 0,
    currency text not null default 'CDF',
    base_fare numeric(12, 2) not null default 0,
    distance_fare numeric(12, 2) not null default 0,
    time_fare numeric(12, 2) not null default 0,
    surge_multiplier numeric(4, 2) not null default 1,
    discount numeric(12, 2) not null default 0,
    tip numeric(12, 2) not null default 0,
    -- Difficulty: a generated column, which a copy of the table must not write.
    total_fare numeric(14, 2) generated always as
        ((base_fare + distance_fare + time_fare) * surge_multiplier - discount + tip) stored,
    payment_method text not null default 'cash',
    payment_status text not null default 'unpaid',
    wallet_transaction_id uuid,
    promo_code public.citext,
    rating smallint check (rating between 1 and 5),
    customer_note text,
    driver_note text,
    device_info jsonb not null default '{}',
    app_version text,
    share_token text,
    is_test boolean not null default false,
    metadata jsonb not null default '{}',
    primary key (id, created_at)
) partition by range (created_at);

-- Difficulty: 14 indexes with the key, two groups of which are duplicates: (customer_id), (created_at).
create index transport_bookings_status_created_idx on public.transport_bookings (status, created_at);
create index transport_bookings_created_idx on public.transport_bookings (created_at);
create index transport_bookings_by_date on public.transport_bookings (created_at);
create index transport_bookings_customer_idx on public.transport_bookings (customer_id);
create index bookings_customer on public.transport_bookings (customer_id);
create index transport_bookings_customer_created_idx
    on public.transport_bookings (customer_id, created_at desc);
create index transport_bookings_driver_idx on public.transport_bookings (driver_id);
create index transport_bookings_driver_open_idx on public.transport_bookings (driver_id, status)
    where status in ('accepted', 'arrived', 'in_progress');
create index transport_bookings_number_idx on public.transport_bookings (booking_number);
create index transport_bookings_promo_idx on public.transport_bookings (promo_code)
    where promo_code is not null;
create index transport_bookings_scheduled_idx on public.transport_bookings (scheduled_for)
    where scheduled_for is not null;
create index transport_bookings_unpaid_idx on public.transport_bookings (payment_status, created_at)
    where payment_status = 'unpaid';
create unique index transport_bookings_share_token_key
    on public.transport_bookings (share_token, created_at);

-- Difficulty: three foreign keys point in to transport_bookings: this one and booking_messages cascade,
-- wallet_transactions sets null. They can only be composite; (booking_id) alone has nothing unique to point to.
create table public.booking_status_history (
    id bigint generated always as identity primary key,
    booking_id uuid not null,
    booking_created_at timestamptz not null,
    old_status text,
    new_status text not null,
    changed_at timestamptz not null default now(),
    foreign key (booking_id, booking_created_at)
        references public.transport_bookings (id, created_at) on delete cascade
);
create index booking_status_history_booking_idx
    on public.booking_status_history (booking_id, booking_created_at);

-- Difficulty: a child without an index on its cascading key: deleting a booking reads the whole table.
create table public.booking_messages (
    id uuid primary key default gen_random_uuid(),
    booking_id uuid not null,
    booking_created_at timestamptz not null,
    sender_id uuid not null references public.profiles (id) on delete cascade,
    body text not null,
    sent_at timestamptz not null default now(),
    foreign key (booking_id, booking_created_at)
        references public.transport_bookings (id, created_at) on delete cascade
);

-- Marketplace ----------------------------------------------------------------------------------------------

create table public.marketplace_vendors (
    id uuid primary key references public.profiles (id) on delete cascade,
    shop_name text not null,
    city text not null,
    rating numeric(3, 2) not null default 5.00,
    is_open boolean not null default true,
    created_at timestamptz not null default now()
);

create table public.marketplace_products (
    id uuid primary key default gen_random_uuid(),
    vendor_id uuid not null references public.marketplace_vendors (id) on delete cascade,
    title text not null,
    -- Difficulty: NULL for about every fifth product: to_tsvector(title || ' ' || description) is then NULL,
    -- and the product is never found.
    description text,
    category text not null,
    price numeric(12, 2) not null,
    currency text not null default 'CDF',
    stock integer not null default 0,
    is_active boolean not null default true,
    attributes jsonb not null default '{}',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
-- Difficulty: a partial UNIQUE (id) beside the primary key: useless, but unique, so that a tool may take it for
-- the key. On a partitioned table it is impossible (the partition key is missing).
create unique index marketplace_products_live_id_key on public.marketplace_products (id) where is_active;
create index marketplace_products_vendor_idx on public.marketplace_products (vendor_id);
create index marketplace_products_category_idx on public.marketplace_products (category, price);
-- Difficulty: duplicate of the one above.
create index products_category_price on public.marketplace_products (category, price);

-- 44 columns, partitioned. Difficulty: an identity column, which a partition made by LIKE must not copy
-- (PostgreSQL 17 and later refuse to attach it).
create table public.marketplace_orders (
    id uuid not null default gen_random_uuid(),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    order_number bigint generated by default as identity,
    status text not null default 'pending' check (status in
        ('pending', 'paid', 'preparing', 'shipped', 'delivered', 'cancelled', 'refunded')),
    city text not null,
    zone_id integer references public.zones (id),
    customer_id uuid not null references auth.users (id) on delete cascade,
    vendor_id uuid not null references public.marketplace_vendors (id),
    item_count integer not null default 1,
    currency text not null default 'CDF',
    subtotal numeric(12, 2) not null default 0,
    delivery_fee numeric(12, 2) not null default 0,
    service_fee numeric(12, 2) not null default 0,
    discount numeric(12, 2) not null default 0,
    tax numeric(12, 2) not null default 0,
    total numeric(14, 2) generated always as (subtotal + delivery_fee + service_fee + tax - discount) stored,
    commission_rate numeric(5, 4) not null default 0.1200,
    payment_method text not null default 'wallet',
    payment_status text not null default 'unpaid',
    payment_reference text,
    wallet_transaction_id uuid,
    promo_code public.citext,
    delivery_address text not null,
    delivery_lat double precision,
    delivery_lon double precision,
    delivery_instructions text,
    requested_for timestamptz,
    paid_at timestamptz,
    prepared_at timestamptz,
    shipped_at timestamptz,
    delivered_at timestamptz,
    cancelled_at timestamptz,
    cancellation_type text check (cancellation_type in ('customer', 'vendor', 'admin', 'system')),
    cancellation_reason text,
    refunded_amount numeric(12, 2) not null default 0,
    customer_rating smallint check (customer_rating between 1 and 5),
    customer_note text,
    vendor_note text,
    gift_message text,
    source text not null default 'app',
    device_info jsonb not null default '{}',
    is_test boolean not null default false,
    metadata jsonb not null default '{}',
    primary key (id, created_at)
) partition by range (created_at);
create index marketplace_orders_status_created_idx on public.marketplace_orders (status, created_at);
create index marketplace_orders_customer_idx on public.marketplace_orders (customer_id, created_at desc);
create index marketplace_orders_vendor_idx on public.marketplace_orders (vendor_id, status);
create index marketplace_orders_number_idx on public.marketplace_orders (order_number);
create index marketplace_orders_zone_idx on public.marketplace_orders (zone_id);

-- Four foreign keys point in to marketplace_orders: items, disputes, promo_redemptions, wallet_transactions.
create table public.marketplace_order_items (
    id bigint generated always as identity primary key,
    order_id uuid not null,
    order_created_at timestamptz not null,
    product_id uuid not null references public.marketplace_products (id),
    quantity integer not null default 1 check (quantity > 0),
    unit_price numeric(12, 2) not null,
    foreign key (order_id, order_created_at)
        references public.marketplace_orders (id, created_at) on delete cascade
);
create index marketplace_order_items_order_idx on public.marketplace_order_items (order_id, order_created_at);

-- Delivery -------------------------------------------------------------------------------------------------

-- 42 columns, partitioned.
create table public.delivery_orders (
    id uuid not null default gen_random_uuid(),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    status text not null default 'pending' check (status in
        ('pending', 'assigned', 'picked_up', 'delivered', 'cancelled', 'returned')),
    city text not null,
    zone_id integer not null references public.zones (id),
    customer_id uuid not null references auth.users (id) on delete cascade,
    driver_id uuid references public.drivers (id) on delete set null,
    -- The order may be gone or in another database: a reference without a foreign key.
    marketplace_order_id uuid,
    tracking_code text not null,
    sender_name text not null,
    sender_phone text not null,
    pickup_address text not null,
    pickup_lat double precision,
    pickup_lon double precision,
    recipient_name text not null,
    recipient_phone text not null,
    dropoff_address text not null,
    dropoff_lat double precision,
    dropoff_lon double precision,
    package_type text not null default 'parcel',
    weight_kg numeric(7, 2),
    is_fragile boolean not null default false,
    declared_value numeric(12, 2),
    currency text not null default 'CDF',
    base_fee numeric(12, 2) not null default 0,
    distance_fee numeric(12, 2) not null default 0,
    total_fee numeric(14, 2) generated always as (base_fee + distance_fee) stored,
    distance_km numeric(7, 2),
    payment_method text not null default 'cash',
    payment_status text not null default 'unpaid',
    assigned_at timestamptz,
    picked_up_at timestamptz,
    delivered_at timestamptz,
    cancelled_at timestamptz,
    cancellation_type text check (cancellation_type in ('customer', 'driver', 'admin', 'system')),
    cancellation_reason text,
    proof_photo_url text,
    signature_name text,
    customer_note text,
    device_info jsonb not null default '{}',
    metadata jsonb not null default '{}',
    primary key (id, created_at)
) partition by range (created_at);
create index delivery_orders_status_created_idx on public.delivery_orders (status, created_at);
create index delivery_orders_customer_idx on public.delivery_orders (customer_id, created_at desc);
create index delivery_orders_driver_idx on public.delivery_orders (driver_id);
create index delivery_orders_tracking_idx on public.delivery_orders (tracking_code);

-- Three foreign keys point in to delivery_orders: this one, disputes, wallet_transactions.
create table public.delivery_tracking_events (
    id bigint generated always as identity primary key,
    delivery_id uuid not null,
    delivery_created_at timestamptz not null,
    status text not null,
    note text,
    occurred_at timestamptz not null default now(),
    foreign key (delivery_id, delivery_created_at)
        references public.delivery_orders (id, created_at) on delete cascade
);
create index delivery_tracking_events_delivery_idx
    on public.delivery_tracking_events (delivery_id, delivery_created_at);

-- Difficulty: none of its three foreign keys has an index.
create table public.marketplace_disputes (
    id uuid primary key default gen_random_uuid(),
    order_id uuid not null,
    order_created_at timestamptz not null,
    delivery_id uuid,
    delivery_created_at timestamptz,
    opened_by uuid not null references public.profiles (id),
    reason text not null,
    status text not null default 'open' check (status in ('open', 'resolved', 'rejected')),
    opened_at timestamptz not null default now(),
    foreign key (order_id, order_created_at)
        references public.marketplace_orders (id, created_at) on delete cascade,
    foreign key (delivery_id, delivery_created_at)
        references public.delivery_orders (id, created_at) on delete set null
);

-- Wallet ---------------------------------------------------------------------------------------------------

create table public.wallets (
    user_id uuid primary key references public.profiles (id) on delete cascade,
    balance numeric(14, 2) not null default 0,
    currency text not null default 'CDF',
    updated_at timestamptz not null default now()
);

create table public.wallet_transactions (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.wallets (user_id),
    type text not null check (type in ('topup', 'payment', 'payout', 'refund', 'reward')),
    amount numeric(14, 2) not null,
    currency text not null default 'CDF',
    booking_id uuid,
    booking_created_at timestamptz,
    order_id uuid,
    order_created_at timestamptz,
    delivery_id uuid,
    delivery_created_at timestamptz,
    provider text,
    provider_reference text,
    created_at timestamptz not null default now(),
    foreign key (booking_id, booking_created_at)
        references public.transport_bookings (id, created_at) on delete set null,
    foreign key (order_id, order_created_at)
        references public.marketplace_orders (id, created_at),
    foreign key (delivery_id, delivery_created_at)
        references public.delivery_orders (id, created_at)
);
create index wallet_transactions_created_idx on public.wallet_transactions (created_at);
create index wallet_transactions_user_idx on public.wallet_transactions (user_id);
-- Difficulty: duplicate of the one above.
create index wallet_transactions_user_id_idx on public.wallet_transactions (user_id);

-- Promotions -----------------------------------------------------------------------------------------------

create table public.promo_codes (
    id uuid primary key default gen_random_uuid(),
    code public.citext not null unique,
    description text,
    discount_percent smallint not null check (discount_percent between 1 and 100),
    times_used integer not null default 0,
    is_active boolean not null default true,
    valid_from timestamptz not null,
    valid_until timestamptz,
    created_at timestamptz not null default now()
);
-- Partial: it serves `is_active and valid_until < ...` and nothing else.
create index promo_codes_running_idx on public.promo_codes (valid_until) where is_active;

create table public.promo_redemptions (
    id bigint generated always as identity primary key,
    promo_id uuid not null references public.promo_codes (id) on delete cascade,
    user_id uuid not null references public.profiles (id) on delete cascade,
    order_id uuid not null,
    order_created_at timestamptz not null,
    redeemed_at timestamptz not null default now(),
    foreign key (order_id, order_created_at)
        references public.marketplace_orders (id, created_at) on delete cascade
);
create index promo_redemptions_promo_idx on public.promo_redemptions (promo_id);

-- Caches and access logs -----------------------------------------------------------------------------------

create table public.route_cache (
    id uuid primary key default gen_random_uuid(),
    origin_hash bigint not null,
    destination_hash bigint not null,
    route jsonb not null,
    cached_at timestamptz not null default now(),
    expires_at timestamptz not null
);
create index route_cache_lookup_idx on public.route_cache (origin_hash, destination_hash);
create index route_cache_expires_idx on public.route_cache (expires_at);

create table public.geocode_cache (
    query text primary key,
    lat double precision not null,
    lon double precision not null,
    provider text not null,
    cached_at timestamptz not null default now(),
    expires_at timestamptz not null
);
create index geocode_cache_expires_idx on public.geocode_cache (expires_at);

-- Difficulty: a table without a primary key. It may not be in a publication that publishes deletes.
create table public.api_access_logs (
    created_at timestamptz not null default now(),
    user_id uuid,
    address inet not null,
    method text not null,
    path text not null,
    status smallint not null,
    duration_ms integer not null,
    user_agent text,
    request_id uuid not null
);
create index api_access_logs_created_idx on public.api_access_logs (created_at);

-- Lottery --------------------------------------------------------------------------------------------------

create table public.lottery_limits (
    user_id uuid primary key references public.profiles (id) on delete cascade,
    cards_earned_today integer not null default 0 check (cards_earned_today between 0 and 10),
    cards_total integer not null default 0,
    last_reset_date date not null default current_date
);
create index lottery_limits_reset_idx on public.lottery_limits (last_reset_date);

create table public.lottery_tickets (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    number integer not null,
    status text not null default 'active' check (status in ('active', 'won', 'lost', 'void')),
    draw_date date not null,
    prize numeric(12, 2),
    created_at timestamptz not null default now()
);
create index lottery_tickets_user_idx on public.lottery_tickets (user_id);

-- Security, notifications, audit ---------------------------------------------------------------------------

-- Trap: the real monitor watched for the action 'failed_login', while the login service writes 'login_failed':
-- it could never fire. The CHECK below holds the words that are written.
create table public.security_events (
    id bigint generated always as identity primary key,
    event_type text not null check (event_type in
        ('login_succeeded', 'login_failed', 'password_changed', 'role_changed')),
    -- NULL when the name given at the login belongs to nobody.
    user_id uuid,
    address inet not null,
    user_agent text,
    details jsonb not null default '{}',
    occurred_at timestamptz not null default now()
);
create index security_events_type_idx on public.security_events (event_type, occurred_at);

create table public.notifications (
    id bigint generated always as identity primary key,
    -- What makes two notifications the same. NULL (most rows): never the same.
    dedupe_key text unique,
    -- NULL: for the operators.
    recipient_id uuid references public.profiles (id) on delete cascade,
    kind text not null,
    severity text not null default 'info' check (severity in ('info', 'warning', 'critical')),
    title text not null,
    body text,
    data jsonb not null default '{}',
    language text,
    created_at timestamptz not null default now(),
    read_at timestamptz
);
create index notifications_recipient_idx on public.notifications (recipient_id, created_at desc);

create table public.audit_log (
    id bigint generated always as identity primary key,
    action text not null,
    object text not null,
    details jsonb not null default '{}',
    at timestamptz not null default now()
);

-- Difficulty: identity of whole rows, for the subscribers of change data. A new partition does not inherit it.
alter table public.transport_bookings replica identity full;
alter table public.delivery_orders replica identity full;

comment on table public.transport_bookings is 'Rides: asked for, assigned, driven or cancelled. Partitioned by month of created_at.';
comment on column public.transport_bookings.cancellation_type is 'Who cancelled; system = the auto-cancel job';
comment on table public.marketplace_orders is 'Orders of the marketplace. Partitioned by month of created_at.';
comment on table public.delivery_orders is 'Parcels and errands. Partitioned by month of created_at.';
