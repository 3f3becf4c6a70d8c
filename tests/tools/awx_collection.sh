#!/usr/bin/env bash
# Puts the real collection awx.awx where ansible.cfg looks for collections: awx_collection.sh VENV VERSION DIRECTORY
# VERSION is that of PyPI's package "ansible", which holds it. Its wheel of 55 MB is kept, the rest of it is not unpacked.
set -euo pipefail

python=$1/bin/python
version=$2
directory=$3
cache=.venv/cache/ansible-$version

printf '    fetching awx.awx, from ansible %s\n' "$version"
mkdir -p "$cache"
if ! compgen -G "$cache/*.whl" >/dev/null; then
    "$python" -m pip download --quiet --no-deps --only-binary :all: --dest "$cache" "ansible==$version"
fi

rm -rf "$directory"
"$python" - "$cache"/*.whl "${directory%/ansible_collections/awx/awx}" <<'END_OF_PYTHON'
import sys
from zipfile import ZipFile

wheel, destination = sys.argv[1:]
with ZipFile(wheel) as archive:
    archive.extractall(destination, [it for it in archive.namelist() if it.startswith("ansible_collections/awx/awx/")])
END_OF_PYTHON
touch "$directory/MANIFEST.json" # newer than what make compares it with
