#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A partitioned table of 12 months and 3 million rows: its index by hand, leaf by leaf with CREATE INDEX CONCURRENTLY and ATTACH in one
# psql, against pgtend index create; beside each a writer whose longest wait is told. Then index status of 5,000 tables with 25,000
# relations, against psql with the query that it fetches the catalog by.
# shellcheck source=lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"
runs=${BENCH_RUNS:-3}
rows=${BENCH_ROWS:-3000000}
tables=${BENCH_TABLES:-5000}

start_server shared_buffers=512MB maintenance_work_mem=256MB max_locks_per_transaction=1024
psql_here() { "$PGBIN/psql" -XqAt -v ON_ERROR_STOP=1 "$@"; }
psql_here <<SQL
CREATE TABLE orders (id bigint, zone_id int, status text, created_at timestamptz NOT NULL) PARTITION BY RANGE (created_at);
SELECT format('CREATE TABLE orders_%s PARTITION OF orders FOR VALUES FROM (%L) TO (%L)', to_char(d, 'MM'), d, d + interval '1 month')
FROM generate_series(timestamptz '2026-01-01', '2026-12-01', interval '1 month') d \gexec
INSERT INTO orders SELECT g, g % 100, 'open', timestamptz '2026-01-01' + interval '364 days' * (g::float / $rows)
FROM generate_series(1, $rows) g;
VACUUM ANALYZE orders;
SQL
{
    echo 'CREATE INDEX orders_zone ON ONLY orders (zone_id, status, created_at);'
    for month in 01 02 03 04 05 06 07 08 09 10 11 12; do
        echo "CREATE INDEX CONCURRENTLY orders_${month}_orders_zone ON orders_$month (zone_id, status, created_at);"
        echo "ALTER INDEX orders_zone ATTACH PARTITION orders_${month}_orders_zone;"
    done
} >"$scratch/by_hand.sql"
echo "INSERT INTO orders VALUES (1, 1, 'new', timestamptz '2026-01-01' + random() * interval '364 days');" >"$scratch/write.sql"

# beside VARIANT COMMAND...: timed, with a writer of 100 transactions a second; its longest latency is counted from when each should
# have started.
beside() {
    local variant=$1 writer
    (cd "$scratch" && exec "$PGBIN/pgbench" -n -c 1 -R 100 -T 600 -l --log-prefix=writer -f "$scratch/write.sql" >/dev/null 2>&1) &
    writer=$!
    until compgen -G "$scratch/writer*" >/dev/null; do sleep 0.05; done
    timed "$@"
    sleep 2 # its log is written by 4 kB, a second's work
    kill "$writer"
    wait "$writer" || true
    sample "$variant: writer" "$(awk '{ if ($3 > most) most = $3 } END { printf "%.3f", most / 1000 }' "$scratch"/writer*)"
    rm -f "$scratch"/writer*
}
for ((round = 0; round < runs; round++)); do
    for variant in 'psql, by hand' 'pgtend index create'; do
        psql_here -c CHECKPOINT
        case $variant in
        'psql, by hand') beside "$variant" psql_here -f "$scratch/by_hand.sql" ;;
        *) beside "$variant" "$PGTEND" -q index create orders --name orders_zone --on '(zone_id, status, created_at)' ;;
        esac
        valid=$(psql_here -c "SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = indexrelid WHERE indisvalid AND relname LIKE '%orders_zone'")
        [ "$valid" = 13 ] || { note "$variant made $valid valid indexes instead of 13"; exit 1; }
        psql_here -c 'DROP INDEX orders_zone'
        note "$variant: $(grep -F "$variant"$'\t' "$samples" | tail -n 1 | cut -f2) ms"
    done
done
table ms 'psql, by hand' 'pgtend index create'
table ms 'psql, by hand: writer' 'pgtend index create: writer'
target 'index of a partitioned table against serial CREATE INDEX CONCURRENTLY' "$(ratio 'pgtend index create' 'psql, by hand')" 1.3 ' x'
target "writer's longest wait, median of the rounds" "$(median 'pgtend index create: writer')" 50 ' ms'

note "$tables tables"
psql_here -c 'CREATE DATABASE many'
export PGDATABASE=many
for ((i = 0; i < tables; i += 500)); do
    psql_here -c "DO \$\$ BEGIN FOR n IN $i + 1 .. $i + 500 LOOP
        EXECUTE format('CREATE TABLE t_%1\$s (id bigint PRIMARY KEY, other bigint, a int, b text)', n);
        EXECUTE format('ALTER TABLE t_%1\$s ADD FOREIGN KEY (other) REFERENCES t_%1\$s', n);
        EXECUTE format('CREATE INDEX ON t_%1\$s (other)', n); EXECUTE format('CREATE INDEX ON t_%1\$s (a, b)', n);
        EXECUTE format('CREATE INDEX ON t_%1\$s (lower(b)) WHERE a > 3', n); END LOOP; END \$\$"
done
psql_here -c 'VACUUM ANALYZE pg_class, pg_index, pg_attribute, pg_constraint'
note "$(psql_here -c 'SELECT count(*) FROM pg_class WHERE oid > 16383') relations"
# psql takes no parameters here: all tables, also those that somebody locks.
for file in catalog_indexes catalog_foreign_keys; do
    # shellcheck disable=SC2016
    { echo "SET search_path = '';"; sed 's/\$1::oid\[\]/NULL::oid[]/g; s/\$2::bool/false/g; s/\$3::bool/true/g; s/\$4::oid\[\]/NULL::oid[]/g; s/\$5::name\[\]/NULL::name[]/g' "sql/$file.sql"; }
done >"$scratch/fetch.sql"
status() {
    local code=0
    "$PGTEND" index status >"$scratch/status" || code=$?
    [ "$code" = 0 ] || [ "$code" = 3 ]
}
for ((round = 0; round < ${BENCH_STATUS_RUNS:-10}; round++)); do
    timed 'psql, the two queries' psql_here -f "$scratch/fetch.sql"
    timed 'pgtend index status' status
done
table ms 'psql, the two queries' 'pgtend index status'
target 'index status against its catalog fetch' "$(ratio 'pgtend index status' 'psql, the two queries')" 3 ' x'
