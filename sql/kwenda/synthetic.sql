-- SPDX-License-Identifier: Apache-2.0
-- Included by generate.sql and arrive.sql: pure functions of (seed, stream, row number), so that a seed and a
-- time give the same rows in any session. They live in pg_temp and vanish with the session. Without a sub-select they are
-- inlined, which makes a row of 52 columns cost microseconds. Needs the variable `seed` and an open transaction.

-- Uniform in [0, 1). A stream is a small number, one for each thing that must not depend on another.
create or replace function pg_temp.u(stream integer, i bigint) returns double precision
language sql immutable
return (hashint8extended(i, :seed::bigint * 1000 + stream) & 9007199254740991) / 9007199254740992.0::double precision;

create or replace function pg_temp.id(kind text, i bigint) returns uuid
language sql immutable
return md5(:'seed' || kind || i)::uuid;

-- One of the choices; a choice that stands twice is twice as frequent.
create or replace function pg_temp.pick(choices anyarray, u double precision) returns anyelement
language sql immutable
as 'select choices[1 + floor(u * array_length(choices, 1))::integer]';

-- From the shared address space of carriers (100.64.0.0/10), which belongs to nobody.
create or replace function pg_temp.address(stream integer, i bigint) returns inet
language sql immutable
return inet '100.64.0.0' + floor(pg_temp.u(stream, i) * 4194304)::bigint;

create or replace function pg_temp.street(stream integer, i bigint, zone text) returns text
language sql immutable
return 'Avenue ' || (1 + floor(pg_temp.u(stream, i) * 90))::integer
    || ', no ' || (1 + floor(pg_temp.u(stream + 1, i) * 240))::integer || ', ' || zone;

create temporary table city (name text primary key, lat double precision, lon double precision) on commit drop;
insert into city values
    ('Kinshasa', -4.325, 15.322), ('Lubumbashi', -11.664, 27.479), ('Abidjan', 5.345, -4.024),
    ('Kolwezi', -10.716, 25.466), ('Goma', -1.679, 29.222);
