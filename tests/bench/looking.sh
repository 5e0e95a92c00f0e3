#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# 500 tables of 26 monthly partitions that are all there, with the default lock table: what it costs to find nothing to do, and to
# look at all of it. Floor: psql, the query that reads the bounds from the catalog, its result thrown away.
# shellcheck source=lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"
runs=${BENCH_RUNS:-15}
tables=${BENCH_TABLES:-500}

start_server
from=$(date -u -d "$(date -u +%Y-%m-01) -24 months" +%Y-%m)
{
    printf 'version: 1\npartitions:\n'
    for ((i = 1; i <= tables; i++)); do
        printf '  - { table: public.p_%d, key: created_at, every: month, name: "{table}_{yyyy}_{mm}", from: %s, premake: 1 }\n' "$i" "$from"
    done
} >"$scratch/partitions.yaml"
chmod 600 "$scratch/partitions.yaml"
psql_run postgres "SET timezone = 'UTC';
    SELECT format('CREATE TABLE p_%s (id uuid NOT NULL, created_at timestamptz NOT NULL) PARTITION BY RANGE (created_at);', i)
    FROM generate_series(1, $tables) i;
    SELECT format('CREATE TABLE p_%1\$s_%2\$s PARTITION OF p_%1\$s FOR VALUES FROM (%3\$L) TO (%4\$L);',
        i, to_char(d, 'YYYY_MM'), to_char(d, 'YYYY-MM-DD 00:00:00+00'), to_char(d + interval '1 month', 'YYYY-MM-DD 00:00:00+00'))
    FROM generate_series(1, $tables) i,
    generate_series(timestamptz '$from-01 00:00+00', date_trunc('month', now()) + interval '1 month', interval '1 month') d
    ORDER BY i, d" | awk 'NR % 100 == 1 { print "BEGIN;" } { print } NR % 100 == 0 { print "COMMIT;" } END { if (NR % 100) print "COMMIT;" }' >"$scratch/all.sql"
psql_run postgres 'CREATE DATABASE bench'
export PGDATABASE=bench
"$PGBIN/psql" -XqAt -v ON_ERROR_STOP=1 -f "$scratch/all.sql"
psql_run bench 'VACUUM ANALYZE'
psql_run bench CHECKPOINT
note "$tables tables, $(psql_run bench "SELECT count(*) FROM pg_inherits") partitions"

oids=$(psql_run bench "SELECT array_agg(oid) FROM pg_class WHERE relkind = 'p'")
sed "s/\\\$1::oid\[\]/'$oids'::oid[]/" sql/catalog_partitions.sql >"$scratch/floor.sql"
catalog_query() { "$PGBIN/psql" -XqAt -v ON_ERROR_STOP=1 -o /dev/null -f "$scratch/floor.sql"; }
create() { "$PGTEND" -c "$scratch/partitions.yaml" -q partition create; }
status() { "$PGTEND" -c "$scratch/partitions.yaml" -q partition status; }
[[ $(create) == *'none of the'* ]] || { note "something was to be created"; exit 1; }
for ((round = 0; round < runs; round++)); do
    timed 'the catalog query, psql' catalog_query
    timed 'partition create, nothing to do' create
    timed 'partition status' status
done
table ms 'the catalog query, psql' 'partition create, nothing to do' 'partition status'
target 'nothing to do, against the query' "$(ratio 'partition create, nothing to do' 'the catalog query, psql')" 1.2 ' x'
target 'partition status' "$(awk -v ms="$(median 'partition status')" 'BEGIN { print ms / 1000 }')" 2 ' s'
if [ -x /usr/bin/time ]; then
    /usr/bin/time -f %M -o "$scratch/peak" "$PGTEND" -c "$scratch/partitions.yaml" -q -o json partition status >/dev/null
    target 'partition status -o json, memory' "$(awk '{ print $1 / 1024 }' "$scratch/peak")" 100 ' MB'
fi
