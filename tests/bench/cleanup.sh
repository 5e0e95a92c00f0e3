#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A fifth of 5,000,000 rows deleted, and the pending ones of all months cancelled, while others read and update rows by primary key
# (300 a second, four of five are reads). Floor: one statement. Beside it what people write: a plpgsql loop of 5,000 rows a commit.
# Latencies count from when a transaction should have started. A new database each time, copied from one that is made once.
# BENCH_ROWS, BENCH_RUNS, BENCH_RATE, BENCH_WORK="delete update" change what is measured.
# shellcheck source=lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"
rows=${BENCH_ROWS:-5000000}
runs=${BENCH_RUNS:-5}
rate=${BENCH_RATE:-300}
work=${BENCH_WORK:-delete update}

start_server shared_buffers=1GB checkpoint_timeout=30min max_connections=50
note "making $rows rows"
psql_run postgres 'CREATE DATABASE source'
"$PGBIN/psql" -XqAt -v ON_ERROR_STOP=1 -d source >/dev/null <<SQL
SET TimeZone = 'UTC';
CREATE TABLE bookings (id uuid NOT NULL, user_id uuid NOT NULL, driver_id uuid, pickup jsonb, destination jsonb, vehicle_class text,
    city text, status text NOT NULL, price numeric(10,2), created_at timestamptz NOT NULL);
INSERT INTO bookings SELECT md5(i::text)::uuid, md5('u' || (i::bigint * 7919) % 200000)::uuid, md5('d' || (i::bigint * 104729) % 20000)::uuid,
    jsonb_build_object('lat', 51 + (i % 1000) / 1e4, 'lon', (i % 3000) / 1e4, 'a', 'High Street ' || i % 300),
    jsonb_build_object('lat', 51 + (i % 777) / 1e4, 'lon', (i % 2222) / 1e4, 'a', 'Station Road ' || i % 200),
    (array['economy', 'comfort', 'business', 'van'])[1 + i % 4], (array['Kinshasa', 'Goma', 'Lubumbashi', 'Matadi', 'Bukavu'])[1 + i % 5],
    CASE i % 14 WHEN 8 THEN 'cancelled' WHEN 11 THEN 'expired' WHEN 13 THEN 'pending' ELSE 'completed' END, 3 + (i % 9000) / 100.0,
    '2024-01-01'::timestamptz + interval '2 years' * (i / $rows.0) FROM generate_series(1, $rows) i;
ALTER TABLE bookings ADD PRIMARY KEY (id);
CREATE INDEX ON bookings (user_id, created_at);
CREATE INDEX ON bookings (status, city);
CREATE INDEX ON bookings (created_at);
CREATE PROCEDURE delete_loop(before timestamptz) LANGUAGE plpgsql AS \$\$ DECLARE n bigint; BEGIN LOOP
    DELETE FROM bookings WHERE ctid = ANY (ARRAY(SELECT ctid FROM bookings WHERE created_at < before LIMIT 5000));
    GET DIAGNOSTICS n = ROW_COUNT; COMMIT; EXIT WHEN n = 0; END LOOP; END \$\$;
CREATE PROCEDURE update_loop(before timestamptz) LANGUAGE plpgsql AS \$\$ DECLARE n bigint; BEGIN LOOP
    UPDATE bookings SET status = 'cancelled' WHERE ctid = ANY (ARRAY(SELECT ctid FROM bookings WHERE status = 'pending' AND created_at < before LIMIT 5000));
    GET DIAGNOSTICS n = ROW_COUNT; COMMIT; EXIT WHEN n = 0; END LOOP; END \$\$;
VACUUM (ANALYZE) bookings;
SQL
delete_before=$(psql_run source "SELECT created_at FROM bookings ORDER BY created_at OFFSET $((rows / 5)) LIMIT 1")
update_before=$(psql_run source "SELECT max(created_at) - interval '2 months' FROM bookings")

printf '\\set i random(1, %d)\nSELECT * FROM bookings WHERE id = md5((:i)::text)::uuid;\n' "$rows" >"$scratch/read.sql"
printf '\\set i random(1, %d)\nUPDATE bookings SET price = price + 1 WHERE id = md5((:i)::text)::uuid;\n' "$rows" >"$scratch/write.sql"
begin_load() {
    rm -f "$scratch"/load.[0-9]*
    (cd "$scratch" && exec "$PGBIN/pgbench" -n -c 4 -j 1 -R "$rate" -T 600 -M prepared -f read.sql@4 -f write.sql@1 -l --log-prefix=load bench >load.out 2>&1) &
    load=$!
    sleep 3
}
# What ran at the same time as the work: file 0 reads, 1 updates; microseconds, the wait for its turn included.
end_load() { # VARIANT START END
    sleep 1
    kill -TERM "$load" 2>/dev/null || true
    wait "$load" 2>/dev/null || true
    local kind
    for kind in 0 1; do
        cat "$scratch"/load.[0-9]* | awk -v kind="$kind" -v from="$2" -v to="$3" \
            '$4 == kind { end = $5 * 1e6 + $6; if (end >= from && end - $3 <= to) print $3 / 1000 }' >>"$scratch/$1.$kind"
    done
}
percentile() { # FILE SHARE
    sort -g "$1" | awk -v p="$2" '{ a[NR] = $1 } END { k = int(p * NR + 0.999999); printf "%.2f", NR ? a[k < 1 ? 1 : k] : 0 }'
}
fresh() {
    psql_run postgres 'DROP DATABASE IF EXISTS bench WITH (FORCE)' 2>/dev/null
    psql_run postgres 'CREATE DATABASE bench TEMPLATE source STRATEGY file_copy'
    psql_run postgres CHECKPOINT
    psql_run bench 'SELECT count(*) FROM bookings' >/dev/null
}
carry_out() {
    case $1 in
    'one DELETE') psql_run bench "DELETE FROM bookings WHERE created_at < '$delete_before'" ;;
    'a loop of DELETE, 5,000 rows each') psql_run bench "CALL delete_loop('$delete_before')" ;;
    'pgtend cleanup') "$PGTEND" -d dbname=bench -q cleanup public.bookings --where "created_at < '$delete_before'" ;;
    'one UPDATE') psql_run bench "UPDATE bookings SET status = 'cancelled' WHERE status = 'pending' AND created_at < '$update_before'" ;;
    'a loop of UPDATE, 5,000 rows each') psql_run bench "CALL update_loop('$update_before')" ;;
    'pgtend expire') "$PGTEND" -d dbname=bench -q expire public.bookings --where "status = 'pending' and created_at < '$update_before'" --set status=cancelled ;;
    esac
}
measure() { # CONDITION VARIANT...
    local condition=$1 round variant start end left
    shift
    for ((round = 0; round < runs; round++)); do
        for variant in "$@"; do
            fresh
            begin_load
            start=${EPOCHREALTIME/./}
            timed "$variant" carry_out "$variant"
            end=${EPOCHREALTIME/./}
            end_load "$variant" "$start" "$end"
            left=$(psql_run bench "SELECT count(*) FROM bookings WHERE $condition")
            [ "$left" = 0 ] || { note "$variant left $left rows"; exit 1; }
            note "$variant: $(tail -n 1 "$samples" | cut -f2) ms"
        done
    done
    table ms "$@"
    printf '\n| bystanders, ms | reads | p50 | p99 | max | updates | p50 | p99 | max |\n|---|---|---|---|---|---|---|---|---|\n'
    for variant in "$@"; do
        printf '| %s ' "$variant"
        for kind in 0 1; do
            printf '| %d | %s | %s | %s ' "$(wc -l <"$scratch/$variant.$kind")" "$(percentile "$scratch/$variant.$kind" 0.5)" \
                "$(percentile "$scratch/$variant.$kind" 0.99)" "$(percentile "$scratch/$variant.$kind" 1)"
        done
        printf '|\n'
    done
}
p99() { # reads and updates together
    sort -g "$scratch/$1.0" "$scratch/$1.1" >"$scratch/both"
    percentile "$scratch/both" 0.99
}

case $work in *delete*)
    measure "created_at < '$delete_before'" 'one DELETE' 'a loop of DELETE, 5,000 rows each' 'pgtend cleanup'
    target 'cleanup against one DELETE' "$(ratio 'pgtend cleanup' 'one DELETE')" 1.7 ' x'
    target 'p99 of bystanders beside cleanup, against the loop' "$(p99 'pgtend cleanup')" "$(p99 'a loop of DELETE, 5,000 rows each')" ' ms'
    ;;
esac
case $work in *update*)
    measure "status = 'pending' AND created_at < '$update_before'" 'one UPDATE' 'a loop of UPDATE, 5,000 rows each' 'pgtend expire'
    target 'expire against one UPDATE' "$(ratio 'pgtend expire' 'one UPDATE')" 1.7 ' x'
    target 'p99 of bystanders beside expire, against the loop' "$(p99 'pgtend expire')" "$(p99 'a loop of UPDATE, 5,000 rows each')" ' ms'
    ;;
esac
