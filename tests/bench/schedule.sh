#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Schedules: instants a second within the program, the longest search, a year of missed minutes; and a batch of 100,000 lines.
# shellcheck source=lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"
runs=${BENCH_RUNS:-7}

awk 'BEGIN {
    split("*/5 * * * *|30 2 * * *|0 9 * * MON-FRI|15 10 L * *|0 0 1 1 *|*/7 8-18 * * *|0 12 ? * 5#2|@every 90m|0 0 29 2 *|@daily", e, "|")
    split("UTC|Africa/Kinshasa|Europe/Berlin|America/New_York|Asia/Kolkata|Australia/Lord_Howe", z, "|")
    for (i = 0; i < 100000; i++)
        printf "%s\t%s\t2026-%02d-%02dT%02d:00:00Z\n", e[1 + i % 10], z[1 + i % 6], 1 + i % 12, 1 + i % 28, i % 24
}' >"$scratch/lines"
# shellcheck disable=SC2016
for ((round = 0; round < runs; round++)); do
    timed 'awk, copying the lines' awk '{ print $0 "\t" $0 }' "$scratch/lines"
    timed 'schedule next --batch, 100,000 lines' "$PGTEND" schedule next --batch "$scratch/lines"
done
table ms 'awk, copying the lines' 'schedule next --batch, 100,000 lines'
target 'a batch of 100,000 lines' "$(awk -v a="$(median 'schedule next --batch, 100,000 lines')" 'BEGIN { print a / 1000 }')" 2 ' s'
echo
"$BENCH/bench_schedule"
