#!/usr/bin/env bash
# Makes a virtual environment anew: venv.sh DIRECTORY PYTHON PIP_INSTALL_ARGUMENT...
# and links this repository into it as the collection that it is. DIRECTORY/made says what it holds.
set -euo pipefail

directory=$1
python=$("${0%/*}/find_python.sh" "$2") || { echo "No $2 that can make virtual environments: set PYTHON." >&2; exit 1; }
shift 2

printf '    making %s\n' "$directory"
rm -rf "$directory"
"$python" -m venv "$directory"
"$directory/bin/python" -m pip install -qq "$@"

# Ansible and plain imports both look for collections in site-packages; this way a clone at any
# path is ansible_collections/telephony/vicidial, and what runs is always the work tree.
site=$("$directory/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
mkdir -p "$site/ansible_collections/telephony"
ln -s "$PWD" "$site/ansible_collections/telephony/vicidial"

"$directory/bin/python" - >"$directory/made" <<'END'
import sys
from importlib import metadata

core = {d.metadata["Name"]: d.version for d in metadata.distributions()}.get("ansible-core", "none")
print("ansible-core {}, Python {}.{}".format(core, *sys.version_info))
END
