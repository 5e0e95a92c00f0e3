-- SPDX-License-Identifier: Apache-2.0
-- Trigger functions and triggers.
--
-- Difficulty: none of these functions sets a search_path, and all name their tables without a schema, as most
-- applications do. A job that runs with an empty search_path fails in them (42P01) or, where citext is
-- compared, silently does nothing.

-- transport_bookings: eleven triggers -----------------------------------------------------------------------

create function public.touch_updated_at() returns trigger language plpgsql as $$
begin
    new.updated_at := now();
    return new;
end
$$;

create function public.booking_fill_city() returns trigger language plpgsql as $$
begin
    select z.city into new.city from zones z where z.id = new.zone_id;
    return new;
end
$$;

create function public.booking_check_cancellation() returns trigger language plpgsql as $$
begin
    if new.cancelled_at is null or new.cancellation_type is null then
        raise exception 'booking % is cancelled without a time or a type', new.booking_number;
    end if;
    return new;
end
$$;

-- Difficulty: a BEFORE trigger that watches the partition key.
create function public.booking_keep_created_at() returns trigger language plpgsql as $$
begin
    if new.created_at <> old.created_at then
        raise exception 'created_at of booking % may not change', old.booking_number;
    end if;
    return new;
end
$$;

create function public.booking_write_history() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        insert into booking_status_history (booking_id, booking_created_at, new_status, changed_at)
        values (new.id, new.created_at, new.status, new.created_at);
    elsif new.status <> old.status then
        insert into booking_status_history (booking_id, booking_created_at, old_status, new_status)
        values (new.id, new.created_at, old.status, new.status);
    end if;
    return null;
end
$$;

create function public.booking_count_promo() returns trigger language plpgsql as $$
begin
    update promo_codes set times_used = times_used + 1 where code = new.promo_code;
    return null;
end
$$;

create function public.release_driver() returns trigger language plpgsql as $$
begin
    update drivers set is_busy = false, trips = trips + (new.status in ('completed', 'delivered'))::integer
    where id = new.driver_id;
    return null;
end
$$;

-- Difficulty: SECURITY DEFINER without a search_path (1 of 3).
create function public.booking_reward_lottery() returns trigger
language plpgsql security definer as $$
begin
    update lottery_limits
    set cards_earned_today = cards_earned_today + 1, cards_total = cards_total + 1
    where user_id = new.customer_id and cards_earned_today < 10;
    return null;
end
$$;

-- Difficulty: a broken trigger. The column dispute_team was dropped long ago; plpgsql finds out when a booking
-- is disputed, which then fails. No job meets it.
create function public.booking_raise_dispute() returns trigger language plpgsql as $$
begin
    insert into notifications (kind, title, body)
    values ('dispute', 'Booking ' || new.booking_number, new.dispute_team);
    return null;
end
$$;

-- Statement triggers stand on the parent only: a statement that names a partition does not fire them.
create function public.booking_tell_dispatch() returns trigger language plpgsql as $$
declare
    open_bookings bigint;
begin
    select count(*) into open_bookings from arrived where status = 'pending';
    if open_bookings > 0 then
        perform pg_notify('dispatch', open_bookings::text);
    end if;
    return null;
end
$$;

create function public.refuse_truncate() returns trigger language plpgsql as $$
begin
    raise exception 'truncate of % is not allowed', tg_table_name;
end
$$;

create trigger bookings_1_fill_city before insert on public.transport_bookings
    for each row when (new.zone_id is not null) execute function public.booking_fill_city();
create trigger bookings_2_touch before update on public.transport_bookings
    for each row execute function public.touch_updated_at();
create trigger bookings_3_keep_created_at before update on public.transport_bookings
    for each row execute function public.booking_keep_created_at();
create trigger bookings_4_check_cancellation before update of status on public.transport_bookings
    for each row when (new.status = 'cancelled') execute function public.booking_check_cancellation();
create trigger bookings_5_history after insert or update of status on public.transport_bookings
    for each row execute function public.booking_write_history();
create trigger bookings_6_promo after insert on public.transport_bookings
    for each row when (new.promo_code is not null) execute function public.booking_count_promo();
create trigger bookings_7_release_driver after update of status on public.transport_bookings
    for each row when (new.driver_id is not null and new.status in ('completed', 'cancelled', 'no_show'))
    execute function public.release_driver();
create trigger bookings_8_lottery after update of status on public.transport_bookings
    for each row when (new.status = 'completed' and old.status <> 'completed')
    execute function public.booking_reward_lottery();
create trigger bookings_9_dispute after update of status on public.transport_bookings
    for each row when (new.status = 'disputed') execute function public.booking_raise_dispute();
-- Difficulty: a transition table. It may stand on a partitioned parent, but not FOR EACH ROW.
create trigger bookings_tell_dispatch after insert on public.transport_bookings
    referencing new table as arrived for each statement execute function public.booking_tell_dispatch();
create trigger bookings_refuse_truncate before truncate on public.transport_bookings
    for each statement execute function public.refuse_truncate();

-- Orders and deliveries --------------------------------------------------------------------------------------

create trigger orders_touch before update on public.marketplace_orders
    for each row execute function public.touch_updated_at();

create function public.delivery_write_event() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        insert into delivery_tracking_events (delivery_id, delivery_created_at, status, occurred_at)
        values (new.id, new.created_at, new.status, new.created_at);
    elsif new.status <> old.status then
        insert into delivery_tracking_events (delivery_id, delivery_created_at, status, note)
        values (new.id, new.created_at, new.status, new.cancellation_reason);
    end if;
    return null;
end
$$;

create trigger deliveries_touch before update on public.delivery_orders
    for each row execute function public.touch_updated_at();
create trigger deliveries_event after insert or update of status on public.delivery_orders
    for each row execute function public.delivery_write_event();
create trigger deliveries_release_driver after update of status on public.delivery_orders
    for each row when (new.driver_id is not null and new.status in ('delivered', 'cancelled', 'returned'))
    execute function public.release_driver();

-- The tables that jobs and children touch -------------------------------------------------------------------

create function public.driver_location_gone() returns trigger language plpgsql as $$
begin
    update drivers d set is_online = false
    where d.id = old.driver_id and d.is_online
      and not exists (select from driver_locations l where l.driver_id = old.driver_id and l.online);
    return null;
end
$$;

create function public.promo_audit() returns trigger language plpgsql as $$
begin
    insert into audit_log (action, object, details)
    values (case when new.is_active then 'promo_started' else 'promo_ended' end, new.code,
            jsonb_build_object('valid_until', new.valid_until, 'times_used', new.times_used));
    return null;
end
$$;

-- One row for each DELETE statement, so a batched cleanup writes one for each batch that found rows.
create function public.cache_evicted() returns trigger language plpgsql as $$
declare
    n bigint;
begin
    select count(*) into n from evicted;
    if n > 0 then
        insert into audit_log (action, object, details)
        values ('evicted', tg_table_name, jsonb_build_object('rows', n));
    end if;
    return null;
end
$$;

create function public.lottery_keep_date() returns trigger language plpgsql as $$
begin
    if new.last_reset_date < old.last_reset_date then
        raise exception 'last_reset_date of % may not go back', old.user_id;
    end if;
    return new;
end
$$;

create function public.notification_language() returns trigger language plpgsql as $$
begin
    new.language := coalesce(new.language,
        (select p.language from profiles p where p.id = new.recipient_id), 'fr');
    return new;
end
$$;

create function public.wallet_apply() returns trigger language plpgsql as $$
begin
    update wallets set balance = balance + new.amount, updated_at = new.created_at
    where user_id = new.user_id;
    return null;
end
$$;

create trigger driver_locations_gone after delete on public.driver_locations
    for each row execute function public.driver_location_gone();
create trigger promo_codes_audit after update of is_active on public.promo_codes
    for each row when (new.is_active <> old.is_active) execute function public.promo_audit();
create trigger route_cache_evicted after delete on public.route_cache
    referencing old table as evicted for each statement execute function public.cache_evicted();
create trigger geocode_cache_evicted after delete on public.geocode_cache
    referencing old table as evicted for each statement execute function public.cache_evicted();
create trigger lottery_limits_keep_date before update on public.lottery_limits
    for each row execute function public.lottery_keep_date();
create trigger notifications_language before insert on public.notifications
    for each row execute function public.notification_language();
create trigger wallet_transactions_apply after insert on public.wallet_transactions
    for each row execute function public.wallet_apply();
create trigger profiles_touch before update on public.profiles
    for each row execute function public.touch_updated_at();
create trigger products_touch before update on public.marketplace_products
    for each row execute function public.touch_updated_at();
