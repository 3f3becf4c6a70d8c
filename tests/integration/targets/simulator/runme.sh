#!/usr/bin/env bash
# A script, because ansible-test takes a target that is named as a role of the collection for that role.
set -eu

exec ansible-playbook play.yml "$@"
