-- SPDX-License-Identifier: Apache-2.0
-- Wallet, promotions, caches, lottery, security.

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
