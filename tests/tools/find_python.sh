#!/usr/bin/env bash
# Prints the path of a usable Python: find_python.sh python3.12 [python3.13 ...], first match wins.
# Asks the candidate itself, because a pyenv shim exists for versions that are not switched on,
# and a Debian Python may lack the parts that make virtual environments.
set -euo pipefail

readonly probe='import ensurepip, sys, venv; print(getattr(sys, "_base_executable", sys.executable))'

for name in "$@"; do
    candidates=("$name")
    case $name in
        python3.*) candidates+=("${PYENV_ROOT:-$HOME/.pyenv}/versions/${name#python}".*/bin/"$name") ;;
    esac
    for candidate in "${candidates[@]}"; do
        if found=$("$candidate" -c "$probe" 2>/dev/null); then
            printf '%s\n' "$found"
            exit 0
        fi
    done
done
exit 1
