#!/usr/bin/env bash
# Runs one part of the tests: part.sh [-q] TITLE COMMAND... One line before it, one with the time after it.
# With -q the output of a part that passes goes to a log, of which the last line is shown;
# that of a part that fails is always shown whole. V=1 shows everything as it comes.
set -euo pipefail

quiet=
if [ "$1" = -q ]; then
    quiet=yes
    shift
fi
title=$1
shift

printf '==> %s\n' "$title"
SECONDS=0
status=0
if [ -n "$quiet" ] && [ -z "${V:-}" ]; then
    mkdir -p .venv/log
    log=.venv/log/${title//[^A-Za-z0-9.]/_}.log
    NO_COLOR=1 ANSIBLE_NOCOLOR=1 "$@" >"$log" 2>&1 </dev/null || status=$?
    if [ "$status" -ne 0 ]; then
        cat "$log"
    else
        sed '/^[[:space:]]*$/d' "$log" | tail -n 1
    fi
else
    "$@" </dev/null || status=$?
fi

if [ "$status" -ne 0 ]; then
    printf '==> FAILED: %s, after %d s (exit code %d)\n' "$title" "$SECONDS" "$status"
    exit "$status"
fi
printf '    passed: %s, %d s\n' "$title" "$SECONDS"
