#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# 26 monthly partitions for each of 100 tables with four indexes and a primary key, fsync on. Floor: the same tables by psql, a
# statement at a time. A new database each round, dropped at the end: ext4 is slow to create files right after deleting many.
# shellcheck source=lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"
runs=${BENCH_RUNS:-3}
tables=${BENCH_TABLES:-100}

start_server max_locks_per_transaction=1024 shared_buffers=512MB
from=$(date -u -d "$(date -u +%Y-%m-01) -24 months" +%Y-%m)
{
    printf 'version: 1\npartitions:\n'
    for ((i = 1; i <= tables; i++)); do
        printf '  - { table: public.p_%d, key: created_at, every: month, name: "{table}_{yyyy}_{mm}", from: %s, premake: 1 }\n' "$i" "$from"
    done
} >"$scratch/partitions.yaml"
chmod 600 "$scratch/partitions.yaml"
for ((i = 1; i <= tables; i++)); do
    printf 'CREATE TABLE p_%d (id uuid NOT NULL DEFAULT gen_random_uuid(), user_id uuid, driver_id uuid, pickup jsonb, destination jsonb,
        vehicle_class text, city text, status text, price numeric(10,2), created_at timestamptz NOT NULL, PRIMARY KEY (id, created_at))
        PARTITION BY RANGE (created_at);
    CREATE INDEX ON p_%d (user_id, created_at); CREATE INDEX ON p_%d (driver_id); CREATE INDEX ON p_%d (status, created_at); CREATE INDEX ON p_%d (city);\n' \
        "$i" "$i" "$i" "$i" "$i"
done >"$scratch/parents.sql"
psql_run postgres "SET timezone = 'UTC'; SELECT format('CREATE TABLE p_%1\$s_%2\$s PARTITION OF p_%1\$s FOR VALUES FROM (%3\$L) TO (%4\$L);',
    i, to_char(d, 'YYYY_MM'), to_char(d, 'YYYY-MM-DD 00:00:00+00'), to_char(d + interval '1 month', 'YYYY-MM-DD 00:00:00+00'))
    FROM generate_series(1, $tables) i,
    generate_series(timestamptz '$from-01 00:00+00', date_trunc('month', now()) + interval '1 month', interval '1 month') d
    ORDER BY i, d" >"$scratch/partitions.sql"
each=$(($(wc -l <"$scratch/partitions.sql") / tables))
for k in 0 1 2 3; do awk -v k=$k -v n="$each" 'int((NR - 1) / n) % 4 == k' "$scratch/partitions.sql" >"$scratch/partitions.$k.sql"; done
note "$tables tables, $each partitions each"

by_psql() { "$PGBIN/psql" -XqAt -v ON_ERROR_STOP=1 -f "$1"; }
by_four() {
    local k pids=()
    for k in 0 1 2 3; do by_psql "$scratch/partitions.$k.sql" & pids+=($!); done
    for k in "${pids[@]}"; do wait "$k" || return; done
}
fresh() {
    export PGDATABASE="bench_$1"
    psql_run postgres "CREATE DATABASE $PGDATABASE"
    by_psql "$scratch/parents.sql" >/dev/null
    psql_run postgres CHECKPOINT
}
count=0
for ((round = 0; round < runs; round++)); do
    for variant in 'psql, autocommit' 'psql, four sessions' 'pgtend partition create, four connections'; do
        count=$((count + 1))
        fresh "$count"
        case $variant in
        'psql, autocommit') timed "$variant" by_psql "$scratch/partitions.sql" ;;
        'psql, four sessions') timed "$variant" by_four ;;
        *) timed "$variant" "$PGTEND" -c "$scratch/partitions.yaml" -q partition create --workers 4 ;;
        esac
        made=$(psql_run "$PGDATABASE" 'SELECT count(*) FROM pg_inherits i JOIN pg_class c ON c.oid = inhrelid WHERE relkind = '\''r'\')
        [ "$made" = $((tables * each)) ] || { note "$variant made $made partitions instead of $((tables * each))"; exit 1; }
        note "$variant: $(tail -n 1 "$samples" | cut -f2) ms"
    done
done
table ms 'psql, autocommit' 'psql, four sessions' 'pgtend partition create, four connections'
target "$((tables * each)) partitions against psql in autocommit" "$(ratio 'pgtend partition create, four connections' 'psql, autocommit')" 0.6 ' x'
