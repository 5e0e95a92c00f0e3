#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# All checks on 5,000 tables with four indexes each (25,000 relations), a fifth of which are partitions; BENCH_TABLES=20000 for 100,000.
# Floor: psql, pg_class, pg_index and pg_attribute as they are, their rows thrown away: the least that anybody would have to fetch.
# shellcheck source=lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"
runs=${BENCH_RUNS:-5}
tables=${BENCH_TABLES:-5000}

start_server max_locks_per_transaction=1024
psql_run postgres 'CREATE DATABASE bench'
export PGDATABASE=bench
parents=$((tables / 500))
{
    for ((i = 1; i <= parents; i++)); do
        echo "CREATE TABLE p_$i (id bigint, a int, b int, created_at timestamptz, PRIMARY KEY (id, created_at)) PARTITION BY RANGE (created_at);"
        echo "CREATE INDEX ON p_$i (a); CREATE INDEX ON p_$i (b); CREATE INDEX ON p_$i (created_at);"
    done
    psql_run bench "SELECT format('CREATE TABLE p_%1\$s_%2\$s PARTITION OF p_%1\$s FOR VALUES FROM (%3\$L) TO (%4\$L);', p, d,
            timestamptz '2026-01-01 00:00Z' + d * interval '1 day', timestamptz '2026-01-01 00:00Z' + (d + 1) * interval '1 day')
        FROM generate_series(1, $parents) p, generate_series(1, 100) d"
    psql_run bench "SELECT format('CREATE TABLE t_%1\$s (id bigint PRIMARY KEY, a int, b int, c text); CREATE INDEX ON t_%1\$s (a);
        CREATE INDEX ON t_%1\$s (b); CREATE INDEX ON t_%1\$s (c);', i) FROM generate_series(1, $tables - $parents * 100) i"
} | awk 'NR % 100 == 1 { print "BEGIN;" } { print } NR % 100 == 0 { print "COMMIT;" } END { if (NR % 100) print "COMMIT;" }' \
    >"$scratch/all.sql"
"$PGBIN/psql" -XqAt -v ON_ERROR_STOP=1 -f "$scratch/all.sql"
psql_run bench 'VACUUM ANALYZE'
psql_run bench CHECKPOINT
note "$(psql_run bench "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace") relations"

fetch() {
    "$PGBIN/psql" -XqAt -v ON_ERROR_STOP=1 -o /dev/null -c 'SELECT * FROM pg_class' -c 'SELECT * FROM pg_index' \
        -c 'SELECT * FROM pg_attribute WHERE attnum > 0'
}
all_checks() { "$PGTEND" -q -o json check --fail-on never; }
for ((round = 0; round < runs; round++)); do
    timed 'the catalogs, psql' fetch
    timed 'check' all_checks
    # What each check took, of the document.
    awk '/"check": /{ gsub(/[",]/, "", $2); id = $2 } /"of": /{ gsub(/[",]/, "", $2); id = "catalog: " $2 }
         /"elapsed": /{ gsub(/,/, "", $2); print id "\t" $2 * 1000 }' "$scratch/out" >>"$scratch/each"
done
table ms 'the catalogs, psql' check
seconds=3 memory=300
if [ "$tables" -gt 5000 ]; then seconds=30; fi
target 'all checks' "$(awk -v ms="$(median check)" 'BEGIN { print ms / 1000 }')" "$seconds" ' s'
target 'against the fetch' "$(ratio check 'the catalogs, psql')" 10 ' x'
sort -t "$(printf '\t')" -k1,1 -k2,2g "$scratch/each" |
    awk -F'\t' 'function out() { if (n) print of "\t" (n % 2 ? a[(n + 1) / 2] : (a[n / 2] + a[n / 2 + 1]) / 2) }
                $1 != of { out(); n = 0; of = $1 } { a[++n] = $2 } END { out() }' |
    sort -t "$(printf '\t')" -k2,2gr >"$scratch/medians"
printf '\n| the slowest checks, and what they share | median, ms |\n|---|---|\n'
head -n 8 "$scratch/medians" | awk -F'\t' '{ printf "| `%s` | %.1f |\n", $1, $2 }'
slowest=$(grep -v '^catalog: ' "$scratch/medians" | head -n 1 | cut -f2)
if [ "$tables" -le 5000 ]; then target 'the slowest check' "$slowest" 300 ' ms'; fi
if [ -x /usr/bin/time ]; then
    /usr/bin/time -f %M -o "$scratch/peak" "$PGTEND" -q -o json check --fail-on never >/dev/null
    target 'memory' "$(awk '{ print $1 / 1024 }' "$scratch/peak")" "$memory" ' MB'
fi
