# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What the benches share. A bench is tests/bench/NAME.sh: it sources this file, which begins with the tree's root as the working
# directory, and prints Markdown on standard output. tests/bench/run.sh calls it with
#   PGTEND   the release binary      BENCH   the directory of the programs bench_*      BENCH_RUNS   rounds, when given
# Candidate and floor run in turn within one loop: the machine's load then hits both, and the ratio of the medians can be trusted.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.."
: "${PGTEND:?call it by ./dev bench}" "${BENCH:?}"

bench=$(basename "$0" .sh)
scratch=$(mktemp -d "${TMPDIR:-/tmp}/pgtend-bench.XXXXXX")
chmod 755 "$scratch"
bench_finish() {
    tests/support/server stop "$scratch/server" 2>/dev/null || true
    rm -rf --one-file-system "$scratch"
}
trap bench_finish EXIT
trap 'exit 130' INT TERM
samples=$scratch/samples
touch "$samples"

microseconds() { echo "${EPOCHREALTIME/./}"; }
note() { printf '%s\n' "bench: $bench: $*" >&2; }

# start_server [NAME=VALUE...]: on disk and durable, as in production; with these settings beside. Exports PGHOST, PGPORT, PGUSER,
# PGDATABASE for psql and libpq, and PGBIN.
start_server() {
    local started setting
    started=$(PGTEND_SERVER_ON_DISK=1 tests/support/server start "$scratch/server")
    eval "$started"
    PGHOST=${PGTEND_TEST_DSN#*host=\'}
    PGHOST=${PGHOST%%\'*}
    export PGHOST PGPORT="$PGTEND_TEST_PORT" PGUSER=postgres PGDATABASE=postgres PGBIN="$PGTEND_TEST_BIN"
    for setting in fsync=on full_page_writes=on autovacuum=off jit=off max_wal_size=8GB "$@"; do
        psql_run postgres "ALTER SYSTEM SET ${setting%%=*} = '${setting#*=}'"
    done
    note "restarting with its settings"
    local as=()
    if [ "$(id -u)" = 0 ]; then as=(setpriv --reuid postgres --regid "$(id -g postgres)" --clear-groups env HOME=/); fi
    (cd / && "${as[@]}" "$PGBIN/pg_ctl" -D "$scratch/server/data" -l "$scratch/server/log" -m fast -w restart >/dev/null)
}

# The real psql: Debian's /usr/bin/psql is a Perl wrapper, four times as slow.
psql_run() { "$PGBIN/psql" -XqAt -v ON_ERROR_STOP=1 -d "$1" -c "$2"; }

# timed VARIANT COMMAND...: runs it, output thrown away, and records milliseconds. Fails with it.
timed() {
    local variant=$1 start end
    shift
    start=${EPOCHREALTIME/./}
    "$@" >"$scratch/out" 2>&1 || { local code=$?; cat "$scratch/out" >&2; note "$variant failed with $code: $*"; return 1; }
    end=${EPOCHREALTIME/./}
    sample "$variant" "$(awk -v us=$((end - start)) 'BEGIN { printf "%.3f", us / 1000 }')"
}

# sample VARIANT VALUE
sample() { printf '%s\t%s\n' "$1" "$2" >>"$samples"; }

median() { awk -F'\t' -v v="$1" '$1 == v { print $2 }' "$samples" | sort -g | awk '{ a[NR] = $1 } END { if (NR) print NR % 2 ? a[(NR + 1) / 2] : (a[NR / 2] + a[NR / 2 + 1]) / 2 }'; }

# table UNIT FLOOR VARIANT...: medians of what was recorded, in this order, and their ratio to the floor's.
table() {
    local unit=$1 floor=$2 variant base
    shift 2
    base=$(median "$floor")
    printf '\n| | median, %s | min | max | n | x floor |\n|---|---|---|---|---|---|\n' "$unit"
    for variant in "$floor" "$@"; do
        awk -F'\t' -v v="$variant" '$1 == v { print $2 }' "$samples" | sort -g |
            awk -v name="$variant" -v base="$base" '
                function f(x) { return x >= 100 ? sprintf("%.0f", x) : x >= 10 ? sprintf("%.1f", x) : sprintf("%.2f", x) }
                { a[NR] = $1 }
                END { if (!NR) exit; m = NR % 2 ? a[(NR + 1) / 2] : (a[NR / 2] + a[NR / 2 + 1]) / 2
                      printf "| %s | %s | %s | %s | %d | %.2f |\n", name, f(m), f(a[1]), f(a[NR]), NR, m / base }'
    done
}

# target WHAT VALUE LIMIT [UNIT]: a line under the table: whether the value is at most the limit.
target() {
    awk -v what="$1" -v value="$2" -v limit="$3" -v unit="${4:-}" 'BEGIN {
        printf "\n%s: %.3g%s, target at most %s%s: %s\n", what, value, unit, limit, unit, value + 0 <= limit + 0 ? "met" : "MISSED" }'
}
ratio() { awk -v a="$(median "$1")" -v b="$(median "$2")" 'BEGIN { printf "%.4f", a / b }'; }
