#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# plan of schedules/kwenda.yaml with nothing to do: 78 partitions, 160 storage parameters, six indexes and a materialized view are
# compared. Floor: psql, the three queries that read partitions, storage parameters and indexes of these tables, nothing compared.
# shellcheck source=lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"
runs=${BENCH_RUNS:-40}

start_server
psql_run postgres 'CREATE DATABASE kwenda'
export PGDATABASE=kwenda KWENDA_DSN="dbname=kwenda"
"$PGBIN/psql" -Xq1 -v ON_ERROR_STOP=1 -f sql/kwenda/schema.sql >/dev/null
cp schedules/kwenda.yaml "$scratch/kwenda.yaml"
chmod 600 "$scratch/kwenda.yaml"
plan() { "$PGTEND" -c "$scratch/kwenda.yaml" -q plan; }
"$PGTEND" -c "$scratch/kwenda.yaml" -q init >/dev/null
"$PGTEND" -c "$scratch/kwenda.yaml" -q apply --yes >/dev/null
psql_run kwenda 'VACUUM ANALYZE'
psql_run kwenda CHECKPOINT

oids_of() { psql_run kwenda "WITH RECURSIVE t (oid) AS (SELECT unnest('{$1}'::regclass[])::oid UNION SELECT inhrelid FROM t JOIN pg_inherits ON inhparent = t.oid) SELECT array_agg(oid) FROM t"; }
declared() { sed -n "/^$1:/,/^[a-z]/s/.*table: \(public\.[a-z_]*\).*/\1/p" schedules/kwenda.yaml | sort -u | paste -sd,; }
partitioned=$(oids_of "$(declared partitions)") indexed=$(oids_of "$(declared indexes)")
wanted=$(psql_run kwenda "SELECT array_agg(t::oid) FROM unnest('{$(declared indexes)}'::regclass[]) t")
names="{$(sed -n '/^indexes:/,/^[a-z]/s/.*name: \([a-z_]*\).*/\1/p' schedules/kwenda.yaml | paste -sd,)}"
{
    sed "s/\\\$1::oid\[\]/'$partitioned'::oid[]/" sql/catalog_partitions.sql
    sed "s/\\\$1::oid\[\]/'$indexed'::oid[]/; s/\\\$2::name/NULL::name/" sql/catalog_vacuum_tables.sql
    sed "s/\\\$1::oid\[\]/'$indexed'::oid[]/g; s/\\\$[23]::bool/false/g; s/\\\$4::oid\[\]/'$wanted'::oid[]/g; s/\\\$5::name\[\]/'$names'::name[]/g" sql/catalog_indexes.sql
} >"$scratch/floor.sql"
floor() { "$PGBIN/psql" -XqAt -v ON_ERROR_STOP=1 -o /dev/null -f "$scratch/floor.sql"; }

for ((round = 0; round < runs; round++)); do
    timed 'three catalog queries, psql' floor
    timed 'plan, nothing to do' plan
done
table ms 'three catalog queries, psql' 'plan, nothing to do'
target 'plan of kwenda.yaml' "$(median 'plan, nothing to do')" 50 ' ms'
