#!/usr/bin/env bash
# Runs every molecule scenario of the collection: molecule.sh VENV
set -euo pipefail

# A HOME of its own: molecule looks for collections under it, and may install this one there. The dialer is there, too.
export HOME=$PWD/.venv/home/molecule
rm -rf "$HOME"
mkdir -p "$HOME"

PATH=$PWD/$1/bin:$PATH
molecule test --all
