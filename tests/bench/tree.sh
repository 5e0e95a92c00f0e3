#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A tree of 50,000 partitions (50 months of 1,000) on a server with the default max_locks_per_transaction, where nobody can lock
# the tree as a whole: time and memory of each kind of work. There is no floor: plain SQL fails there.
# shellcheck source=lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"
months=${BENCH_MONTHS:-50}

start_server fsync=off synchronous_commit=off shared_buffers=512MB
psql_run postgres "CREATE TABLE events (id int NOT NULL, at timestamptz NOT NULL, old boolean NOT NULL) PARTITION BY RANGE (at)"
from=$(date -u -d "$(date -u +%Y-%m-01) -$((months - 1)) months" +%Y-%m)
month_of() { date -u -d "$from-01 +$1 months" "+%Y$2%m"; }
for ((m = 0; m < months; m++)); do
    psql_run postgres "CREATE TABLE events_$(month_of "$m" _) PARTITION OF events FOR VALUES FROM ('$(month_of "$m" -)-01 00:00+00')
        TO ('$(month_of $((m + 1)) -)-01 00:00+00') PARTITION BY LIST (id)"
done
# plant MONTH: its thousand partitions, 100 a transaction, two rows each, of which one is old.
plant() {
    local parent first
    parent=events_$(month_of "$1" _)
    for ((first = 1; first <= 1000; first += 100)); do
        psql_run postgres "DO \$\$ BEGIN FOR i IN $first..$((first + 99)) LOOP EXECUTE format('CREATE TABLE ${parent}_%1\$s PARTITION OF $parent
            FOR VALUES IN (%1\$s); INSERT INTO ${parent}_%1\$s SELECT %1\$s, ''$(month_of "$1" -)-05'', old FROM (VALUES (true), (false)) v (old)', i);
            END LOOP; END \$\$"
    done
}
note "making $((months * 1000)) partitions"
for ((m = 0; m < months; m += 2)); do
    plant "$m" &
    [ $((m + 1)) -ge "$months" ] || plant $((m + 1))
    wait $!
done
! psql_run postgres 'SELECT count(*) FROM events' 2>/dev/null || { note 'the tree can be locked as a whole'; exit 1; }
printf 'version: 1\npartitions:\n  - { table: public.events, key: at, every: month, from: %s, premake: 1 }\n' "$from" >"$scratch/tree.yaml"
chmod 600 "$scratch/tree.yaml"

printf '\n| | s | MB |\n|---|---|---|\n'
# measure NAME ARGUMENTS...: seconds, and the most memory that pgtend had resident.
measure() {
    local name=$1 start peak=0 now pid
    shift
    start=$(microseconds)
    "$PGTEND" -c "$scratch/tree.yaml" -q "$@" >"$scratch/out" 2>&1 &
    pid=$!
    while now=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$pid/status" 2>/dev/null) && [ -n "$now" ]; do
        peak=$now
        sleep 0.02
    done
    wait "$pid" || { head -n 20 "$scratch/out" >&2; note "failed: $name"; exit 1; }
    printf '| %s | %s | %s |\n' "$name" "$(awk -v us=$(($(microseconds) - start)) 'BEGIN { printf "%.1f", us / 1e6 }')" $((peak / 1024))
}
measure 'partition create, one more month' partition create
measure 'cleanup, one row in each' cleanup public.events --where old --timeout 2h
measure 'cleanup, nothing to do' cleanup public.events --where old --timeout 2h
measure 'vacuum run' vacuum run public.events --timeout 2h
left=$(psql_run postgres "SELECT count(*) FROM events_$(month_of 0 _) WHERE old")
[ "$left" = 0 ] || { note "$left rows are left"; exit 1; }
