# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What the scripts of this folder share. Sourced by them.
set -eu

fail() { echo "$(basename "$0"): $*" >&2; exit 1; }

# PostgreSQL and PgBouncer refuse to run as root.
server_user() {
    if [ "$(id -u)" != 0 ]; then id -un
    elif id postgres >/dev/null 2>&1; then echo postgres
    else echo nobody
    fi
}

as_server_user() {
    local user
    if [ "$(id -u)" != 0 ]; then "$@"
    else
        user=$(server_user)
        setpriv --reuid "$user" --regid "$(id -g "$user")" --clear-groups env HOME=/ "$@"
    fi
}

port_is_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# A port below those that the kernel gives to clients.
some_port() { echo $((20000 + RANDOM % 12000)); }

# end_process PID SIGNAL: sends it, and SIGKILL after ten seconds; waits until the process is gone. A zombie that nobody collects
# counts as gone.
end_process() {
    local waited=0
    kill -CONT "$1" 2>/dev/null || true # a test may have stopped it
    kill "-$2" "$1" 2>/dev/null || return 0
    while kill -0 "$1" 2>/dev/null && ! grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null; do
        waited=$((waited + 1))
        if [ "$waited" = 200 ]; then kill -KILL "$1" 2>/dev/null || true; fi
        [ "$waited" -lt 240 ] || fail "the process $1 does not end"
        sleep 0.05
    done
}
