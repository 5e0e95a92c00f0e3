#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What ./dev lint checks and ./dev format does: lint.sh check [format|tidy|text] | format
set -u
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.." || exit

complaints=$(mktemp)
trap 'rm -f "$complaints"' EXIT
complain() { # the offending lines come on standard input; none: all is well
    sed 's/^/  /' | awk -v title="lint: $*:" 'NR == 1 { print title } { print }' | tee -a "$complaints" >&2
}

# What git knows or would add, so that a new file is checked before its first commit.
files() { git ls-files --cached --others --exclude-standard -- "$@" | while read -r f; do [ ! -f "$f" ] || echo "$f"; done; }
cpp() { files 'lib/*.cpp' 'lib/*.hpp' 'tools/*.cpp' 'tools/*.hpp' 'tests/*.cpp' 'tests/*.hpp'; }

# Versions of clang-format disagree about details; the files are formatted by the one of Debian 12.
format_tool() {
    local tool
    for tool in clang-format-14 clang-format; do
        if command -v "$tool" >/dev/null && "$tool" --version | grep -q 'version 14\.'; then
            echo "$tool"
            return
        fi
    done
}

check_format() {
    local tool
    tool=$(format_tool)
    if [ -z "$tool" ]; then
        echo "lint: format: not checked here, only clang-format 14 (Debian 12) formats as this tree is formatted"
        return
    fi
    cpp | xargs -r -d '\n' "$tool" --dry-run --Werror 2>&1 | sed -nE 's/^([^: ]+):[0-9]+:[0-9]+: error:.*/\1/p' | uniq |
        complain "not formatted, see ./dev format"
}

format() {
    local tool
    tool=$(format_tool)
    [ -n "$tool" ] || { echo "lint: needs clang-format 14 (Debian 12)" >&2; exit 1; }
    cpp | xargs -r -d '\n' -n 20 -P "$(nproc)" "$tool" -i
}

# Looks at what is compiled: several files in one, because clang-tidy walks through all headers for each. Such a unit is looked
# at again only when one of its files, a header, .clang-tidy or the tool changed since it was found clean.
check_tidy() {
    local stamps=build/lint common units unit hash todo=()
    [ -f build/tidy/build.ninja ] || cmake --preset dev -B build/tidy -DCMAKE_UNITY_BUILD_BATCH_SIZE=16 >/dev/null || exit
    cmake --build build/tidy --target pgtend_sql_header >/dev/null || exit
    mkdir -p "$stamps"
    common=$( (clang-tidy --version; cat .clang-tidy; files 'lib/*.hpp' 'tools/*.hpp' 'sql/*.sql' | xargs cat) | sha256sum)
    units=$(sed -nE "s#^ *\"file\": \"$PWD/((build/tidy/)?(lib|tools)/.*)\",?\$#\1#p" build/tidy/compile_commands.json |
        grep -v '/empty.cpp$' | sort -u)
    [ -n "$units" ] || { echo "lint: build/tidy/compile_commands.json names no file of lib or tools" >&2; exit 1; }
    while read -r unit; do
        # The files that it includes, or itself.
        hash=$( (printf '%s' "$common"; sed -n 's/^#include "\(.*\.cpp\)"$/\1/p' "$unit" | xargs -r cat; cat "$unit") | sha256sum)
        if [ "$(cat "$stamps/${unit//\//+}" 2>/dev/null)" != "$hash" ]; then todo+=("$unit" "$hash"); fi
    done <<<"$units"
    # shellcheck disable=SC2016
    [ ${#todo[@]} = 0 ] || printf '%s\n' "${todo[@]}" | xargs -d '\n' -n 2 -P "$(nproc)" bash -c '
        out=$(clang-tidy -p build/tidy --quiet --checks=-bugprone-suspicious-include --extra-arg=-Wno-unknown-warning-option "$1" 2>/dev/null) &&
            printf "%s\n" "$2" >"$0/${1//\//+}" || printf "%s\n" "$out"
    ' "$stamps" | grep -E 'error:|^error' | sed "s#^$PWD/##" | sort -u | complain "clang-tidy"
}

matches() { # matches PATTERN PATH...: file:line:text, comments left out
    local pattern=$1
    shift
    files "$@" | xargs -r -d '\n' grep -nE -- "$pattern" /dev/null | grep -vE '^[^:]+:[0-9]+:[[:space:]]*//'
}

check_text() {
    local file
    matches 'std::(cout|cerr|clog)|[^_a-z:]exit\(|std::(quick_)?exit|std::abort|printf\(stdout' 'lib/*.cpp' 'lib/*.hpp' |
        complain "a library writes no output and does not end the process"
    # DDL takes no parameters: it is built with plan::quote_literal. Left out: texts for people, and constants of the program.
    matches "'\{[^}]*\}'" 'lib/*.cpp' 'tools/*.cpp' |
        grep -vE "^lib/partition/create.cpp:|SET LOCAL lock_timeout|concat\('\{\}'|set_config\('\{\}'" |
        grep -iE '\b(select|insert|update|delete|alter|create|drop|set|where|values|execute|call)\b' |
        complain "values go into SQL as parameters, not into quotes"
    matches '\b(TO''DO|FIX''ME|HA''CK)\b' '*' | grep -v '^LICENSE:' | complain "unfinished"
    files 'sql/*.sql' | grep -E '^sql/[^/]*$' | grep -vE '^sql/[a-z][a-z0-9_]*\.sql$' | complain "name of an embedded query"
    files '*.cpp' '*.hpp' '*.sql' '*.cmake' '*CMakeLists.txt' '*.sh' dev .ci/run tests/support/server tests/support/pooler schedules |
        while read -r file; do
            head -n 2 "$file" | grep -q 'SPDX-License-Identifier: Apache-2.0' || echo "$file"
        done | complain "no SPDX line"
    files 'lib/*.hpp' 'tools/*.hpp' 'tests/*.hpp' | while read -r file; do
        grep -q '^#pragma once' "$file" || echo "$file"
    done | complain "no #pragma once"
    files '*' | xargs -d '\n' grep -nIE '[[:blank:]]+$|'$'\t' /dev/null | grep -vE '^(LICENSE|tests/fuzz/corpus/)' |
        cut -c1-120 | complain "tab, or blanks at the end of a line"
    files '*' | grep -v '^tests/fuzz/corpus/' | while read -r file; do
        [ ! -s "$file" ] || [ -z "$(tail -c 1 "$file")" ] || echo "$file"
    done | complain "no newline at the end"
    { grep -lE '^#!.*\b(ba)?sh\b' dev .ci/run tests/support/* tests/*/*.sh 2>/dev/null; } |
        xargs -r -d '\n' shellcheck --external-sources --source-path=SCRIPTDIR --severity=warning --format=gcc 2>&1 | complain "shellcheck"
    echo "lint: files of more than 400 lines (a look whether they have a seam):"
    files 'lib/*.cpp' 'lib/*.hpp' 'tools/*.cpp' 'tools/*.hpp' 'tests/*.cpp' 'sql/*.sql' dev tests/*/*.sh |
        xargs -d '\n' wc -l | awk '$2 != "total" && $1 > 400 { printf "  %s %d\n", $2, $1; n++ } END { if (!n) print "  none" }'
}

[ "${1:-}" = format ] && { format; exit; }
[ "${1:-}" = check ] || { echo "usage: lint.sh check [format|tidy|text] | format" >&2; exit 2; }
shift
for tool in clang-tidy shellcheck; do
    command -v "$tool" >/dev/null || { echo "lint: $tool is not installed: ./dev setup lint" >&2; exit 1; }
done
for part in "${@:-all}"; do
    case $part in
    all) check_text; check_format; check_tidy ;;
    text | format | tidy) "check_$part" ;;
    *) echo "lint: there is no part '$part': format tidy text" >&2; exit 2 ;;
    esac
done
[ ! -s "$complaints" ] || exit 1
echo "lint: clean"
