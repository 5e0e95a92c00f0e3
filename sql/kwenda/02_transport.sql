-- SPDX-License-Identifier: Apache-2.0
-- People and transport. Each table stands with its indexes, here and in the two files that follow; the six indexes
-- of the scalability checklist are not among them: they are created, under their names, from the configuration.

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

-- Difficulty: identity of whole rows, for the subscribers of change data. A new partition does not inherit it.
-- The same on delivery_orders.
alter table public.transport_bookings replica identity full;

comment on table public.transport_bookings is 'Rides: asked for, assigned, driven or cancelled. Partitioned by month of created_at.';
comment on column public.transport_bookings.cancellation_type is 'Who cancelled; system = the auto-cancel job';
