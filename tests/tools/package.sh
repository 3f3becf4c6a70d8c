#!/usr/bin/env bash
# Builds the collection and uses it as a user would: package.sh VENV USER_VENV
# VENV has the tools, USER_VENV only ansible-core and what the collection requires.
set -euo pipefail

tools=$PWD/$1/bin
user=$PWD/$2/bin
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Neither this repository's ansible.cfg, nor its link in site-packages, nor what is installed in
# the user's home may help the package.
unset ANSIBLE_CONFIG
export ANSIBLE_HOME=$work/home
export ANSIBLE_COLLECTIONS_PATH=$work/installed
export ANSIBLE_COLLECTIONS_SCAN_SYS_PATH=false

"$tools/ansible-galaxy" collection build --output-path "$work" .
tarball=$(echo "$work"/telephony-vicidial-*.tar.gz)

# What galaxy.yml does not name in build_ignore goes in unseen, whatever lies about here.
expected=(CHANGELOG.rst FILES.json LICENSE MANIFEST.json README.md
    changelogs docs extensions meta playbooks plugins requirements.txt roles)
tar -tzf "$tarball" | cut -d / -f 1 | sort -u >"$work/entries"
if ! diff <(printf '%s\n' "${expected[@]}" | sort) "$work/entries"; then
    echo 'The package holds other files and folders at its top (>) than it should (<).' >&2
    exit 1
fi

export GALAXY_IMPORTER_CHECK_REQUIRED_TAGS=true
export GALAXY_IMPORTER_REQUIRE_V1_OR_GREATER=true
(cd "$work" && PATH=$tools:$PATH "$tools/python" -m galaxy_importer.main "$tarball") 2>&1 | tee "$work/importer"
if grep -E '^(WARNING|ERROR):' "$work/importer"; then
    echo 'galaxy-importer found something to say about the package.' >&2
    exit 1
fi

"$user/ansible-galaxy" collection install --offline --collections-path "$work/installed" "$tarball"

# A certified collection works with these folders alone.
cd "$work/installed/ansible_collections/telephony/vicidial"
for entry in * .[!.]*; do
    case $entry in
        meta | plugins | roles | playbooks) ;;
        *) rm -rf "$entry" ;;
    esac
done
ls

mkdir "$work/empty"
cd "$work/empty"
"$user/ansible-playbook" telephony.vicidial.demo
