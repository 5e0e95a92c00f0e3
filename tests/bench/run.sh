#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# ./dev bench: runs the benches named, or all, one after the other: run.sh DIRECTORY-OF-THE-BUILD [NAME...]
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.."
build=$1
shift
if [ $# = 0 ]; then
    for file in tests/bench/*.sh; do
        name=$(basename "$file" .sh)
        case $name in lib | run) ;; *) set -- "$@" "$name" ;; esac
    done
fi
echo "Measured $(date -u +%F) at $(git rev-parse --short HEAD 2>/dev/null || echo '?'): $(nproc) cores, $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), load $(cut -d' ' -f1 /proc/loadavg) at the start"
for name in "$@"; do
    [ -x "tests/bench/$name.sh" ] || { echo "bench: there is no tests/bench/$name.sh" >&2; exit 2; }
    printf '\n## %s\n' "$name"
    PGTEND="$build/pgtend" BENCH="$build/tests" "tests/bench/$name.sh"
done
