#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# ./dev demo: a throwaway PostgreSQL, Kwenda's schema with 300,000 rows, and the last 24 hours of its nine jobs, run by
# `pgtend tick`. Proofs by query follow, then `pgtend check` on Kwenda's database as it was found, before and after `pgtend apply`. Fails
# when a proof does not hold.
#
#   demo.sh PGTEND [ROWS]       PGTEND_DEMO_KEEP=1 leaves the server running and prints how to look around
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.."

pgtend=$1
rows=${2:-300000}
zone=Africa/Kinshasa
began=${EPOCHREALTIME/./}
cores=$(nproc)

# ---- the screen ----------------------------------------------------------------------------------------------------

bold='' dim='' green='' red='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
    bold=$'\e[1m' dim=$'\e[2m' green=$'\e[32m' red=$'\e[31m' plain=$'\e[0m'
fi
seconds_since() { local us=$((${EPOCHREALTIME/./} - $1)); printf '%d.%d s' $((us / 1000000)) $((us % 1000000 / 100000)); }
grouped() { sed -E ':a; s/([0-9])([0-9]{3})($|[^0-9])/\1,\2\3/; ta' <<<"$1"; }
chapter() { printf '\n%s%s%s\n' "$bold" "$1" "$plain"; }
line() { printf '   %-66s %s%8s%s\n' "$1" "$dim" "$(seconds_since "$2")" "$plain"; }
broken=0
proof() { # proof TRUE-or-FALSE TEXT
    if [ "$1" = t ]; then printf '   %sok%s      %s\n' "$green" "$plain" "$2"
    else
        printf '   %sFAILED%s  %s\n' "$red" "$plain" "$2"
        broken=$((broken + 1))
    fi
}
give_up() {
    printf '\n%sdemo: FAILED: %s%s\n' "$red" "$1" "$plain" >&2
    exit 1
}
shown() { # runs a command, its output indented; fails loudly
    printf '   %s$ pgtend %s%s\n' "$dim" "${*/#"$PWD/"/}" "$plain"
    "$pgtend" "$@" >"$scratch/out" 2>&1 || { cat "$scratch/out" >&2; give_up "pgtend $* ended with exit code $?"; }
    sed 's/^/   /' "$scratch/out"
}
quietly() {
    "$@" >"$scratch/out" 2>&1 || { local code=$?; cat "$scratch/out" >&2; give_up "${*/#"$PWD/"/} ended with exit code $code"; }
}

# ---- the server ----------------------------------------------------------------------------------------------------

scratch=$(mktemp -d "${TMPDIR:-/tmp}/pgtend-demo.XXXXXX")
chmod 755 "$scratch" # the server's user has to pass
finish() {
    if [ -n "${PGTEND_DEMO_KEEP:-}" ] && [ -n "${KWENDA_DSN:-}" ]; then
        printf '\nThe server still runs: %s/psql "%s"\nStop it: tests/support/server stop %s/server\n' \
            "$PGTEND_TEST_BIN" "$KWENDA_DSN" "$scratch"
        return
    fi
    tests/support/server stop "$scratch/server" || true
    rm -rf --one-file-system "$scratch"
}
trap finish EXIT
trap 'exit 130' INT TERM

sql() { "$PGTEND_TEST_BIN/psql" -XqAt -v ON_ERROR_STOP=1 -d "$KWENDA_DSN" -c "$1"; }
load() { # load FILE VARIABLE=VALUE...
    local file=$1 variables=()
    shift
    for variable in "$@"; do variables+=(-v "$variable"); done
    quietly "$PGTEND_TEST_BIN/psql" -Xq -v ON_ERROR_STOP=1 "${variables[@]}" -d "$KWENDA_DSN" -f "sql/kwenda/$file"
}
utc() { date -u -d "@$1" +%FT%TZ; }
local_time() { TZ=$zone date -d "@$1" "+$2"; }

printf '%spgtend demo%s: one day of Kwenda'\''s maintenance on a real PostgreSQL\n' "$bold" "$plain"
chapter '1  A server, a schema, its partitions, its rows'
at=${EPOCHREALTIME/./}
started=$(PGTEND_SERVER_ON_DISK=1 tests/support/server start "$scratch/server") || give_up 'the server does not start'
eval "$started"
admin() { "$PGTEND_TEST_BIN/psql" -XqAt -v ON_ERROR_STOP=1 -d "$PGTEND_TEST_DSN" "$@"; }
# As in production: durable, and not the superuser but the owner of the database is who maintains it.
admin -c 'ALTER SYSTEM SET fsync = on' -c 'ALTER SYSTEM SET full_page_writes = on' -c 'ALTER SYSTEM SET max_wal_size = 4096' \
    -c 'SELECT pg_reload_conf()' -c 'CREATE ROLE kwenda LOGIN' -c 'CREATE ROLE anon NOLOGIN' \
    -c 'CREATE ROLE authenticated NOLOGIN' -c 'CREATE ROLE service_role NOLOGIN' -c 'CREATE DATABASE kwenda OWNER kwenda' >"$scratch/out"
export KWENDA_DSN="${PGTEND_TEST_DSN/user=postgres dbname=postgres/user=kwenda dbname=kwenda}"
config=schedules/kwenda.yaml
version=$(sql 'SHOW server_version')
line "PostgreSQL ${version%% *}, fsync on, $cores cores" "$at"

at=${EPOCHREALTIME/./}
quietly "$PGTEND_TEST_BIN/psql" -Xq -1 -v ON_ERROR_STOP=1 -d "$KWENDA_DSN" -f sql/kwenda/schema.sql
line "Kwenda's schema: $(sql "SELECT format('%s tables, %s triggers, %s policies, no partition',
    (SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
     WHERE nspname IN ('public', 'auth') AND relkind IN ('r', 'p')),
    (SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal), (SELECT count(*) FROM pg_policy))")" "$at"
at=${EPOCHREALTIME/./}
quietly "$pgtend" -c "$config" init --test-clock
line "pgtend init: its ledger, one schema" "$at"
differences() { # differences CODE: what `pgtend plan` finds; it has to end with that code
    local code=0
    "$pgtend" -c "$config" -o json plan >"$scratch/out" 2>&1 || code=$?
    [ "$code" = "$1" ] || { cat "$scratch/out" >&2; give_up "pgtend plan ended with $code, not $1"; }
    grep -oE '"differences": [0-9]+' "$scratch/out" | grep -oE '[0-9]+'
}
verdict() { # verdict CODE ARGUMENT...: the first line of `pgtend check`, which has to end with that code
    local code=0
    "$pgtend" -c "$config" check "${@:2}" >"$scratch/out" 2>&1 || code=$?
    [ "$code" = "$1" ] || { cat "$scratch/out" >&2; give_up "pgtend check ended with $code, not $1"; }
    head -n 1 "$scratch/out" | sed 's/^[^:]*: //'
}
at=${EPOCHREALTIME/./}
line "pgtend check, what the file declares: $(verdict 3 --only declared)" "$at"
at=${EPOCHREALTIME/./}
line "pgtend plan: $(differences 3) differences between file and database" "$at"
at=${EPOCHREALTIME/./}
quietly "$pgtend" -c "$config" apply --yes
line "pgtend apply: $(sql "SELECT format('%s partitions, %s declared indexes',
    (SELECT count(*) FROM pg_inherits i JOIN pg_class c ON c.oid = inhrelid WHERE c.relkind = 'r'),
    (SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = indexrelid
     WHERE indisvalid AND c.relname LIKE 'idx\_%' AND NOT c.relispartition))")" "$at"
at=${EPOCHREALTIME/./}
line "pgtend plan: $(differences 0) differences" "$at"
at=${EPOCHREALTIME/./}
line "pgtend check, what the file declares: $(verdict 0 --only declared --fail-on warning)" "$at"

# The day: 24 hours back from the last full ten minutes. The data end where it begins.
end=$(($(date +%s) / 600 * 600))
begin=$((end - 86400))
at=${EPOCHREALTIME/./}
load generate.sql rows="$rows" seed=1 now="$(utc "$begin")"
count_rows="SELECT sum((xpath('/row/n/text()', query_to_xml(format('SELECT count(*) AS n FROM %I.%I', nspname, relname),
    false, true, '')))[1]::text::bigint) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
    WHERE nspname IN ('public', 'auth') AND relkind IN ('r', 'p') AND NOT relispartition"
loaded=$(sql "$count_rows")
line "$(grouped "$loaded") rows, $(sql 'SELECT pg_size_pretty(pg_database_size(current_database()))')" "$at"
[ "$loaded" -ge "$rows" ] || give_up "only $loaded of $rows rows were loaded"

# ---- the day -------------------------------------------------------------------------------------------------------

chapter "2  24 hours from $(local_time "$begin" '%F %H:%M') (Kinshasa): rows arrive, then pgtend tick runs what is due"
tick() { quietly "$pgtend" -c "$config" -q tick --now "$(utc "$1")"; }
at=${EPOCHREALTIME/./}
tick "$begin"
line "the ledger learns of $(sql 'SELECT count(*) FROM pgtend.lease') jobs; a new job starts from now" "$at"

# What must hold right after a job's last run of the day; afterwards new rows arrive. `before`: the server's clock before the tick.
declare -A after
check_after() { # check_after NAME CONDITION: whether no row is left for it
    after[$1]=$(sql "SELECT NOT EXISTS (SELECT FROM $2)")
}
steps=()
for ((t = begin / 3600 * 3600 + 3600; t < end; t += 3600)); do steps+=("$t"); done
steps+=("$end")
last_hour=$((end / 3600 * 3600))
arriving=$((rows / 300))
from=$begin
printf '   %s%-6s %5s  %8s  %s%s\n' "$dim" local runs rows 'of which' "$plain"
for step in "${steps[@]}"; do
    at=${EPOCHREALTIME/./}
    load arrive.sql rows="$arriving" from="$(utc "$from")" to="$(utc "$step")"
    before=$(sql 'SELECT clock_timestamp()')
    last_run=$(sql 'SELECT coalesce(max(id), 0) FROM pgtend.run')
    tick "$step"
    clock=$(local_time "$step" %H:%M)
    if [ "$clock" = 00:00 ]; then
        check_after reset-lottery-limits "public.lottery_limits WHERE last_reset_date < (timestamptz '$before' AT TIME ZONE '$zone')::date"
    elif [ "$clock" = 02:00 ]; then
        check_after cleanup-driver-locations "public.driver_locations WHERE last_ping < timestamptz '$before' - interval '7 days'"
    fi
    if [ "$step" = "$last_hour" ]; then
        check_after expire-promos "public.promo_codes WHERE is_active AND valid_until < timestamptz '$before'"
        check_after cleanup-cache "(SELECT FROM public.route_cache WHERE expires_at < timestamptz '$before'
            UNION ALL SELECT FROM public.geocode_cache WHERE expires_at < timestamptz '$before'
            UNION ALL SELECT FROM public.api_access_logs WHERE created_at < timestamptz '$before' - interval '90 days') left_over"
    fi
    IFS='|' read -r runs changed most <<<"$(sql "SELECT count(*), sum(rows), coalesce((SELECT string_agg(job || ' ' || rows, ', ')
        FROM (SELECT job, rows FROM pgtend.run WHERE id > $last_run AND rows > 0 AND job <> 'refresh-dashboard' ORDER BY rows DESC LIMIT 2) m), '-')
        FROM pgtend.run WHERE id > $last_run")"
    printf '   %-6s %5s  %8s  %-70s %s%s%s\n' "$clock" "$runs" "$(grouped "$changed")" "$most" "$dim" "$(seconds_since "$at")" "$plain"
    from=$step
done

# ---- what the ledger tells -------------------------------------------------------------------------------------------

chapter '3  What the ledger tells'
shown -c "$config" job list
shown -c "$config" job history --limit 12
shown -c "$config" matview status

# ---- proofs --------------------------------------------------------------------------------------------------------

chapter '4  Proofs, by query'
holds() { # holds TEXT QUERY: the query's answer is (boolean, figures for the text's %s ...)
    local answer
    answer=$(sql "$2") || give_up "a proof could not be queried"
    local truth=${answer%%|*} figures=()
    IFS='|' read -r -a figures <<<"$(grouped "${answer#*|}")"
    # shellcheck disable=SC2059
    proof "$truth" "$(printf "$1" "${figures[@]}")"
}
rows_of() { echo "(SELECT coalesce(sum(rows), 0) FROM pgtend.run WHERE job = '$1')"; }

holds '%s runs of %s jobs, every one of them succeeded' \
    "SELECT count(*) FILTER (WHERE status <> 'succeeded') = 0 AND count(DISTINCT job) = 10, count(*), count(DISTINCT job) FROM pgtend.run"
holds 'each slot of each job ran once' \
    "SELECT NOT EXISTS (SELECT FROM pgtend.run GROUP BY job, slot HAVING count(*) > 1)"
months="(extract(year FROM age(date_trunc('month', now() AT TIME ZONE 'UTC'), '2025-01-01')) * 12
    + extract(month FROM age(date_trunc('month', now() AT TIME ZONE 'UTC'), '2025-01-01')) + 1 + 3)::integer"
holds '%s partitions: three tables, every month from 2025-01 to three months ahead, none without row level security' \
    "SELECT count(*) = 3 * $months AND bool_and(c.relrowsecurity), count(*)
     FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
     WHERE i.inhparent IN ('public.transport_bookings'::regclass, 'public.marketplace_orders'::regclass, 'public.delivery_orders'::regclass)"
holds '%s declared indexes are valid, and every partition has its own' \
    "SELECT count(*) = 6 AND bool_and(indisvalid), count(*) FROM pg_index i JOIN pg_class c ON c.oid = indexrelid
     WHERE c.relname LIKE 'idx\_%' AND NOT c.relispartition"
holds 'no partition can be read by anon' \
    "SELECT NOT bool_or(has_table_privilege('anon', inhrelid, 'SELECT')) FROM pg_inherits
     WHERE inhparent IN ('public.transport_bookings'::regclass, 'public.marketplace_orders'::regclass, 'public.delivery_orders'::regclass)"
holds '%s tables and partitions have the storage parameters that the file declares' \
    "SELECT bool_and(coalesce(c.reloptions @> ARRAY['autovacuum_vacuum_scale_factor=0.05', 'autovacuum_analyze_scale_factor=0.02'], false)), count(*)
     FROM pg_class c WHERE c.oid IN ('public.driver_locations'::regclass, 'public.wallet_transactions'::regclass) OR c.oid IN (SELECT inhrelid FROM pg_inherits
        WHERE inhparent IN ('public.transport_bookings'::regclass, 'public.marketplace_orders'::regclass, 'public.delivery_orders'::regclass))"
holds 'the dashboard is filled: %s rows, %s bookings of today and yesterday in it' \
    "SELECT count(*) > 0 AND sum(bookings) FILTER (WHERE day >= (timestamptz '$(utc "$begin")' AT TIME ZONE '$zone')::date) > 0,
     count(*), sum(bookings) FILTER (WHERE day >= (timestamptz '$(utc "$begin")' AT TIME ZONE '$zone')::date) FROM public.admin_dashboard_stats"
holds '%s bookings cancelled by the system; none without a driver is still pending after 35 minutes' \
    "SELECT NOT EXISTS (SELECT FROM public.transport_bookings WHERE status = 'pending' AND driver_id IS NULL AND created_at < now() - interval '35 minutes')
        AND $(rows_of cancel-expired-bookings) > 0 AND count(*) >= $(rows_of cancel-expired-bookings), $(rows_of cancel-expired-bookings)
     FROM public.transport_bookings WHERE status = 'cancelled' AND cancellation_type = 'system'"
holds '%s old pending bookings with a driver were left alone' \
    "SELECT count(*) > 0, count(*) FROM public.transport_bookings
     WHERE status = 'pending' AND driver_id IS NOT NULL AND created_at < now() - interval '35 minutes'"
holds '%s deliveries cancelled; none without a courier is still pending after 65 minutes' \
    "SELECT NOT EXISTS (SELECT FROM public.delivery_orders WHERE status = 'pending' AND driver_id IS NULL AND created_at < now() - interval '65 minutes')
        AND $(rows_of cancel-expired-deliveries) > 0, $(rows_of cancel-expired-deliveries)"
work_left() { # work_left JOB TEXT
    holds "$2" "SELECT '${after[$1]:-f}'::boolean AND $(rows_of "$1") > 0, $(rows_of "$1")"
}
work_left expire-promos '%s promotions ended; after the last full hour none that is over was active'
work_left cleanup-driver-locations '%s driver positions deleted; after 02:00 none was older than 7 days'
work_left cleanup-cache '%s cache entries and logs deleted; after the last full hour none was too old'
work_left reset-lottery-limits '%s lottery limits reset; after midnight in Kinshasa none was of an earlier day'
holds '%s attacks reported by the security monitor in %s runs, each of them once' \
    "SELECT count(*) > 0 AND count(*) = count(DISTINCT dedupe_key) AND count(*) = $(rows_of monitor-security-events),
     count(*), (SELECT count(*) FROM pgtend.run WHERE job = 'monitor-security-events')
     FROM public.notifications WHERE kind = 'security' AND created_at > (SELECT min(started) FROM pgtend.run)"
holds '%s tables vacuumed and analyzed at 03:00' \
    "SELECT bool_and(vacuum_count > 0 AND analyze_count > 0), count(*) FROM pg_stat_user_tables
     WHERE schemaname = 'public' AND (relname IN ('driver_locations', 'wallet_transactions') OR relid IN (SELECT inhrelid FROM pg_inherits
        WHERE inhparent IN ('public.transport_bookings'::regclass, 'public.marketplace_orders'::regclass, 'public.delivery_orders'::regclass)))"

# ---- the same day once more ----------------------------------------------------------------------------------------

chapter '5  The same 24 hours once more: nothing may change'
state() {
    local table
    sql "SELECT 'run ' || count(*) || ' ' || coalesce(sum(hashtextextended(r::text, 0)), 0) FROM pgtend.run r"
    for table in transport_bookings delivery_orders promo_codes driver_locations route_cache geocode_cache api_access_logs \
        lottery_limits notifications admin_dashboard_stats; do
        sql "SELECT '$table ' || count(*) || ' ' || coalesce(sum(hashtextextended(t::text, 0)), 0) FROM public.$table t"
    done
}
at=${EPOCHREALTIME/./}
state >"$scratch/before"
for step in "$begin" "${steps[@]}"; do tick "$step"; done
state >"$scratch/after"
if diff "$scratch/before" "$scratch/after" >"$scratch/difference"; then truth=t; else truth=f; fi
proof "$truth" "$((${#steps[@]} + 1)) ticks in $(seconds_since "$at"): no run, and no row of $(($(wc -l <"$scratch/before") - 1)) tables changed"
[ "$truth" = t ] || sed 's/^/           /' "$scratch/difference"

# ---- the gate ------------------------------------------------------------------------------------------------------

# Another database: Kwenda's as it was found, with weeks of history. What depends on this server, on its load, or on services that
# are not here is left out, and told at the end.
elsewhere=(config connection backup performance vacuum attestation probe objective)
gate() { # gate CODE FILE: what is found, as JSON; pgtend check has to end with that code
    local code=0 skip=()
    for area in "${elsewhere[@]}"; do skip+=(--skip "$area"); done
    "$pgtend" -c "$config" -o json check "${skip[@]}" >"$2" 2>"$scratch/out" || code=$?
    [ "$code" = "$1" ] || { cat "$scratch/out" "$2" >&2; give_up "pgtend check ended with $code, not $1"; }
}
# psql reads the document by itself: a file may be longer than an argument.
digest() { # digest FILE [EACH]: a line for each finding, or for the first of each check and how many they are
    admin <<SQL
\set document \`cat '$1'\`
WITH found AS (
    SELECT r.*, nth, row_number() OVER of_check AS n, count(*) OVER (PARTITION BY "check") AS all_of_it,
           regexp_replace(CASE WHEN "check" ~ '^preflight' THEN split_part(object, ': ', 1) ELSE object END || ': ' || (
               SELECT regexp_replace(regexp_replace(regexp_replace(part, '^(index|set) .* of \S+: ', ''),
                                     '^create (index|materialized view) (\S+)( on \S+)?: (missing|it does not exist).*', '\2 is missing'),
                                     '^CHECK .*(?= refuses )', 'its CHECK')
               FROM regexp_replace(message, '^(\S+:\d+:\d+: |.*cannot be done: )', '') part), '^(\S+): \1 ', '\1 ') AS words
    FROM json_array_elements(:'document'::json->'findings') WITH ORDINALITY e (f, nth),
         json_to_record(f) AS r (severity text, "check" text, object text, message text)
    WHERE severity <> 'info' WINDOW of_check AS (PARTITION BY "check" ORDER BY nth)
)
SELECT format('   %s %s %s%s', CASE WHEN n > 1 THEN repeat(' ', 8) WHEN severity = 'error' THEN '${red}error   ${plain}' ELSE 'warning ' END,
              CASE WHEN n > 1 THEN repeat(' ', 28) ELSE rpad("check", 28) END,
              CASE WHEN length(words) > 100 THEN left(words, 98) || ' …' ELSE words END,
              CASE WHEN '${2:-}' = '' AND all_of_it > 1 THEN format(' ${dim}(and %s more)${plain}', all_of_it - 1) END)
FROM found WHERE '${2:-}' <> '' OR n = 1 ORDER BY nth
SQL
}
named() { # named FILE: check and object of each finding, sorted
    admin <<SQL | LC_ALL=C sort
\set document \`cat '$1'\`
SELECT (f->>'check') || ' ' || (f->>'object') FROM json_array_elements(:'document'::json->'findings') f WHERE f->>'severity' <> 'info'
SQL
}
figures() { # figures FILE
    sed -nE 's/^  "(errors|warnings)": ([0-9]+),.*/\2 \1/p' "$1" | paste -sd, | sed 's/,/, /'
}
lies=$(sed 's/^ *//' <<'LIES'
    gone declared.autovacuum public.delivery_orders
    gone declared.autovacuum public.driver_locations
    gone declared.autovacuum public.marketplace_orders
    gone declared.autovacuum public.transport_bookings
    gone declared.autovacuum public.wallet_transactions
    left declared.indexes public.delivery_orders
    left declared.indexes public.driver_locations
    gone declared.indexes public.lottery_tickets
    gone declared.indexes public.marketplace_products
    gone declared.indexes public.transport_bookings
    gone declared.indexes public.wallet_transactions
    gone declared.matviews public.admin_dashboard_stats
    left declared.partitions public.delivery_orders
    left declared.partitions public.marketplace_orders
    left declared.partitions public.transport_bookings
    left index.duplicate public.promo_b
    left index.foreign_key transport_bookings_customer_id_fkey
    gone job.last_run refresh-dashboard
    gone job.last_run vacuum-nightly
    left job.paused cancel-expired-deliveries
    left preflight.obstacle housekeeping-create-partitions: public.delivery_orders
    left preflight.obstacle housekeeping-create-partitions: public.marketplace_orders
    left preflight.obstacle housekeeping-create-partitions: public.transport_bookings
    left preflight.refused cancel-expired-bookings: public.transport_bookings.cancellation_type
    left preflight.refused cancel-expired-deliveries: public.delivery_orders.cancellation_type
    gone preflight.statement refresh-dashboard: public.admin_dashboard_stats
    left security.definer_search_path public.is_admin()
    left security.rls_off public.transport_bookings_2025_01
    left table.primary_key public.api_access_logs
LIES
)
is_found() { # is_found TEXT PATTERN FILE: what these lies are is what was found, and nothing else
    local truth=f
    if diff <(grep -E "$2" <<<"$lies" | cut -d ' ' -f 2- | LC_ALL=C sort) <(named "$3") >"$scratch/difference"; then truth=t; fi
    proof "$truth" "$1"
    [ "$truth" = t ] || sed 's/^/           /' "$scratch/difference"
}

chapter '6  Is it ready? Kwenda as it was found: the boxes of its checklist were ticked (pgtend check)'
day_dsn=$KWENDA_DSN
KWENDA_DSN=${day_dsn/dbname=kwenda/dbname=found}
admin -c 'CREATE DATABASE found OWNER kwenda' >"$scratch/out"
quietly "$PGTEND_TEST_BIN/psql" -Xq -1 -v ON_ERROR_STOP=1 -d "$KWENDA_DSN" -f tests/tools/reality/schema.sql
quietly "$pgtend" -c "$config" init
quietly "$PGTEND_TEST_BIN/psql" -Xq -1 -v ON_ERROR_STOP=1 -d "$KWENDA_DSN" -f tests/tools/reality/history.sql
at=${EPOCHREALTIME/./}
gate 3 "$scratch/found.json"
took=$(seconds_since "$at")
digest "$scratch/found.json" each
is_found "$(figures "$scratch/found.json") in $took: $(wc -l <<<"$lies") lies of the checklist, each by name, and nothing else" '' "$scratch/found.json"

chapter '7  After pgtend apply and a run of the two jobs that had failed: what is left, and why'
code=0
"$pgtend" -c "$config" apply --yes >"$scratch/out" 2>&1 || code=$?
[ "$code" = 1 ] || { cat "$scratch/out" >&2; give_up "pgtend apply ended with $code, not with 1 for what it cannot do"; }
quietly "$pgtend" -c "$config" job run refresh-dashboard
quietly "$pgtend" -c "$config" job run vacuum-nightly
gate 3 "$scratch/left.json"
digest "$scratch/left.json" each
is_found "$(figures "$scratch/left.json"): $(grep -c ^gone <<<"$lies") are gone; what is left nobody declared, or apply may not do without being told" ^left "$scratch/left.json"

chapter '8  And the database of this demo'
KWENDA_DSN=$day_dsn
elsewhere+=(job) # its day ended at the last full ten minutes
gate 3 "$scratch/now.json"
digest "$scratch/now.json"
clean=$(verdict 0 --only declared --only preflight --fail-on warning)
proof t "$clean: what the file declares is so, and each job can work"
around=(env -u KWENDA_API -u KWENDA_WEB -u KWENDA_REDIS_URL -u KWENDA_LOG -u KWENDA_K6_SUMMARY -u KWENDA_PGBENCH -u KWENDA_PGBOUNCER
    -u KWENDA_PROMETHEUS "$pgtend" -c "$config" check --only probe --only objective)
code=0
"${around[@]}" --strict >"$scratch/out" 2>&1 || code=$?
unseen=$(sed -nE '1s/.*; 0 of ([0-9]+) checks passed, \1 skipped$/\1/p' "$scratch/out")
proof "$([ "$code" = 3 ] && [ -n "$unseen" ] && echo t || echo f)" \
    "Redis, rate limits, load tests, logs, the pooler: none is here, so none passes: $unseen of $unseen checks skipped, and --strict fails"

[ "$broken" = 0 ] || give_up "proofs that do not hold: $broken"
printf '\n%sEvery proof holds.%s %s.\n' "$bold" "$plain" "$(seconds_since "$began")"
