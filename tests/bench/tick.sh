#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What a tick costs that finds nothing due: it runs each minute on every host. Floor: psql -c 'select 1' over the same socket.
# shellcheck source=lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"
runs=${BENCH_RUNS:-200}

start_server
psql_run postgres 'CREATE DATABASE few' && psql_run postgres 'CREATE DATABASE many'
write_jobs() { # FILE COUNT: jobs that fall due once a year
    {
        printf 'version: 1\ntimezone: Africa/Kinshasa\njobs:\n'
        for ((i = 1; i <= $2; i++)); do
            printf '  - { name: job-%04d, schedule: "%d %d %d %d *", sql: { text: "select 1" } }\n' "$i" $((i % 60)) $((i % 24)) $((1 + i % 28)) $((1 + i % 12))
        done
    } >"$1"
    chmod 600 "$1"
}
write_jobs "$scratch/few.yaml" 10
write_jobs "$scratch/many.yaml" 1000
for db in few many; do
    PGDATABASE=$db "$PGTEND" -c "$scratch/$db.yaml" init >/dev/null
    PGDATABASE=$db "$PGTEND" -c "$scratch/$db.yaml" -q tick >/dev/null # registers the jobs
done

for ((round = 0; round < runs; round++)); do
    PGDATABASE=few timed "psql -c 'select 1'" "$PGBIN/psql" -X -c 'select 1'
    PGDATABASE=few timed 'tick, 10 jobs, nothing due' "$PGTEND" -c "$scratch/few.yaml" tick
    PGDATABASE=many timed 'tick, 1,000 jobs, nothing due' "$PGTEND" -c "$scratch/many.yaml" tick
    timed 'pgtend --version' "$PGTEND" --version
done
table ms "psql -c 'select 1'" 'pgtend --version' 'tick, 10 jobs, nothing due' 'tick, 1,000 jobs, nothing due'
target 'tick against psql' "$(ratio 'tick, 10 jobs, nothing due' "psql -c 'select 1'")" 1.2 ' x'
target '1,000 jobs more' "$(awk -v a="$(median 'tick, 1,000 jobs, nothing due')" -v b="$(median 'tick, 10 jobs, nothing due')" 'BEGIN { print a - b }')" 25 ' ms'

# What is sent to the server: its own log of one tick.
psql_run postgres "ALTER DATABASE few SET log_statement = 'all'"
before=$(wc -l <"$scratch/server/log")
PGDATABASE=few "$PGTEND" -c "$scratch/few.yaml" tick
sent=$(tail -n "+$((before + 1))" "$scratch/server/log" | grep -cE 'LOG:  (statement|execute [^:]*):' || true)
target 'statements sent after connect' "$sent" 3
