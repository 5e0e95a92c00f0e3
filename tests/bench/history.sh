#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What years of history cost: the same 10,000 jobs on a ledger with one run of each, and on one with 20,000,000 runs. The floor is the new
# one.
# BENCH_ROWS, BENCH_JOBS and BENCH_RUNS change what is measured. The rows are the newest of 20,000 jobs, so that retention (30 days or
# 1,000 a job) keeps them all.
# shellcheck source=lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"
rows=${BENCH_ROWS:-20000000}
jobs=${BENCH_JOBS:-10000}
runs=${BENCH_RUNS:-15}

base="$(date -u -d yesterday +%Y-%m-%d) 00:00:00 UTC"
far=$(date -u -d '6 months' +%-m)
at_minute() { date -u -d "$base + $1 minutes" +%Y-%m-%dT%H:%M:%SZ; }

start_server shared_buffers=512MB maintenance_work_mem=512MB max_wal_size=16GB
{
    printf 'version: 1\ntimezone: Africa/Kinshasa\njobs:\n'
    for ((i = 1; i <= jobs; i++)); do
        printf '  - { name: job-%05d, schedule: "%d %d %d %d *", sql: { text: "select 1" } }\n' "$i" $((i % 60)) $((i % 24)) $((1 + i % 28)) "$far"
    done
    # due at each step of --now
    for ((i = 1; i <= 20; i++)); do
        printf '  - { name: due-%02d, schedule: "* * * * *", sql: { text: "select 1" } }\n' "$i"
    done
} >"$scratch/jobs.yaml"
chmod 600 "$scratch/jobs.yaml"
for db in young old; do
    psql_run postgres "CREATE DATABASE $db"
    PGDATABASE=$db "$PGTEND" -c "$scratch/jobs.yaml" init --test-clock >/dev/null
    PGDATABASE=$db "$PGTEND" -c "$scratch/jobs.yaml" -q tick --now "$(at_minute 0)" 2>/dev/null # registers the jobs
done
# runs_of ROWS: SQL that adds them, of 20,000 jobs in turn, over 25 days
runs_of() {
    cat <<SQL
INSERT INTO pgtend.run (job, slot, attempt, token, status, holder, started, finished, rows)
SELECT 'job-' || lpad((i % 20000)::text, 5, '0'), at, 1, i, CASE WHEN i % 20011 = 0 THEN 'failed' ELSE 'succeeded' END, 'host/1/abcdef', at, at, i % 100
FROM generate_series(1, $1) i, LATERAL (SELECT now() - interval '25 days' * (1 - i::float / $1) AS at) t
SQL
}
note "making $rows runs"
"$PGBIN/psql" -XqAt -v ON_ERROR_STOP=1 -d old <<SQL
CREATE TEMP TABLE kept AS SELECT indexdef FROM pg_indexes WHERE schemaname = 'pgtend' AND tablename = 'run' AND indexname <> 'run_pkey';
DO \$\$ DECLARE name text; BEGIN
    FOR name IN SELECT indexname FROM pg_indexes WHERE schemaname = 'pgtend' AND tablename = 'run' AND indexname <> 'run_pkey' LOOP
        EXECUTE format('DROP INDEX pgtend.%I', name);
    END LOOP;
END \$\$;
$(runs_of "$rows");
DO \$\$ DECLARE definition text; BEGIN
    FOR definition IN SELECT indexdef FROM kept LOOP EXECUTE definition; END LOOP;
END \$\$;
VACUUM (ANALYZE) pgtend.run;
SQL

psql_run young "$(runs_of 20000)"
psql_run young 'VACUUM (ANALYZE) pgtend.run'
for db in young old; do
    psql_run $db "UPDATE pgtend.lease l SET last_run = (SELECT max(id) FROM pgtend.run r WHERE r.job = l.job)"
    psql_run $db 'VACUUM (ANALYZE) pgtend.lease'
done
psql_run postgres CHECKPOINT

for ((round = 1; round <= runs; round++)); do
    for db in young old; do
        export PGDATABASE=$db
        timed "$db: tick, nothing due" "$PGTEND" -c "$scratch/jobs.yaml" tick --now "$(at_minute $((round - 1)))"
        timed "$db: tick, 20 jobs due" "$PGTEND" -c "$scratch/jobs.yaml" tick --now "$(at_minute "$round")"
        timed "$db: job list" "$PGTEND" -c "$scratch/jobs.yaml" job list
        timed "$db: job history" "$PGTEND" -c "$scratch/jobs.yaml" job history
        timed "$db: job history of one job" "$PGTEND" -c "$scratch/jobs.yaml" job history job-00042
        timed "$db: job history --status failed" "$PGTEND" -c "$scratch/jobs.yaml" job history --status failed
        timed "$db: job history --since 1h" "$PGTEND" -c "$scratch/jobs.yaml" job history --since 1h
    done
done

printf '\n| 10,000 jobs | a run each, ms | %s runs, ms | x |\n|---|---|---|---|\n' "$rows"
worst=0
for what in 'tick, nothing due' 'tick, 20 jobs due' 'job list' 'job history' 'job history of one job' 'job history --status failed' 'job history --since 1h'; do
    times=$(ratio "old: $what" "young: $what")
    worst=$(awk -v a="$worst" -v b="$times" 'BEGIN { print (a > b ? a : b) }')
    printf '| %s | %.1f | %.1f | %.2f |\n' "$what" "$(median "young: $what")" "$(median "old: $what")" "$times"
done
target 'the slowest against a new ledger' "$worst" 1.1 ' x'
target 'tick with 10,000 jobs, nothing due' "$(median 'old: tick, nothing due')" 400 ' ms'
