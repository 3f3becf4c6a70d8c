#!/usr/bin/env bash
# Runs every molecule scenario of the collection: molecule.sh VENV
set -euo pipefail

# A HOME of its own: molecule looks for collections under it, and may install this one there.
export HOME=$PWD/.venv/home/molecule
rm -rf "$HOME"
mkdir -p "$HOME"

# molecule writes an ansible.cfg of its own, so what ours says about the Python of local hosts goes here.
export ANSIBLE_PYTHON_INTERPRETER=$PWD/$1/bin/python
PATH=$PWD/$1/bin:$PATH
molecule test --all
