-- SPDX-License-Identifier: Apache-2.0
-- Roles, the foreign schema `auth`, default privileges, extension.

-- The three roles of a Supabase-like platform. Roles belong to the cluster, so several databases may be
-- loaded at the same moment: a role that another session has just made is fine.
do $$
declare
    name text;
begin
    foreach name in array array['anon', 'authenticated', 'service_role'] loop
        if not exists (select from pg_catalog.pg_roles where rolname = name) then
            begin
                execute format('create role %I nologin noinherit', name);
            exception when duplicate_object or unique_violation then
                null;
            end;
        end if;
    end loop;
end
$$;

-- Difficulty: foreign keys lead out to a table in another schema, which the platform owns.
create schema auth;
grant usage on schema auth to anon, authenticated, service_role;

create table auth.users (
    id uuid primary key default gen_random_uuid(),
    email text not null unique,
    phone text,
    encrypted_password text not null default '',
    raw_user_meta_data jsonb not null default '{}',
    last_sign_in_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);

-- Who asks: the user named in the request's token. Every policy uses it.
create function auth.uid() returns uuid
language sql stable
return nullif(current_setting('request.jwt.claim.sub', true), '')::uuid;

grant execute on function auth.uid() to anon, authenticated, service_role;

-- Difficulty: default privileges grant everything to `anon`. A partition created later, without row level
-- security, is readable and writable by everyone, although its parent refuses it.
alter default privileges in schema public grant all on tables to anon, authenticated, service_role;
alter default privileges in schema public grant all on sequences to anon, authenticated, service_role;
alter default privileges in schema public grant all on functions to anon, authenticated, service_role;
grant usage on schema public to anon, authenticated, service_role;

-- Difficulty: citext lives in `public`. Under an empty search_path `code = 'bienvenue'` still runs, but finds
-- text's operator, compares case and matches nothing: no error, no row. Where contrib is not installed a
-- domain of the same name keeps the tables as they are, and only the ignoring of case is lost.
do $$
begin
    if exists (select from pg_catalog.pg_available_extensions where name = 'citext') then
        create extension citext schema public;
    else
        create domain public.citext as text;
    end if;
end
$$;
