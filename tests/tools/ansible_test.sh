#!/usr/bin/env bash
# Runs ansible-test of one virtual environment: ansible_test.sh VENV ARGUMENT...
#
# ansible-test takes a collection only from a folder named ansible_collections, outside any git
# tree, and not through a link: it gets a copy of what git knows or would add.
set -euo pipefail

name=${1##*/}
shift

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# It writes the path of its Python into the first line of scripts, where no space may stand:
# reached through this link, a clone at such a path works too.
ln -s "$PWD/.venv" "$work/environments"
venv=$work/environments/$name

copy=$work/ansible_collections/telephony/vicidial
mkdir -p "$copy"
git ls-files -z --cached --others --exclude-standard |
    while IFS= read -r -d '' file; do
        # git still lists a tracked file that was just deleted
        if [ -e "$file" ] || [ -L "$file" ]; then printf '%s\0' "$file"; fi
    done |
    tar --null --files-from=- --create --file=- | tar --extract --file=- --directory="$copy"

# A HOME of its own, kept between runs for the environments that the sanity tests make: nothing of
# the user's ~/.ansible takes part, and the stand-in below does not end up there.
user_home=$HOME
export HOME=$PWD/.venv/home/$name
mkdir -p "$HOME/.ansible/test/cache" "$HOME/.config/pip" "$HOME/.pip" "$HOME/.cache"

# ansible-test hands pip neither PIP_* variables nor XDG_*: they, and the user's own file
# (which they outrank), go to the two places where pip looks under this HOME.
{
    echo '[global]'
    env | sed -n 's/^PIP_\([A-Z_]*\)=/\1=/p' | grep -v '^CONFIG_FILE=' | while IFS='=' read -r name value; do
        name=${name,,}
        printf '%s = %s\n' "${name//_/-}" "$value"
    done
} >"$HOME/.config/pip/pip.conf"
for file in "${XDG_CONFIG_HOME:-$user_home/.config}/pip/pip.conf" "$user_home/.pip/pip.conf"; do
    if [ -f "$file" ]; then
        ln -sfn "$file" "$HOME/.pip/pip.conf"
        break
    fi
done
ln -sfn "${XDG_CACHE_HOME:-$user_home/.cache}/pip" "$HOME/.cache/pip"

# ansible-test wants the get-pip script from a place of its own on the network, unless it finds it
# here. The Python at hand brings a pip that can do the same from the configured index.
requirements=$(echo "$venv"/lib/python3*/site-packages/ansible_test/_internal/python_requirements.py)
sed -n "s/^ *pip='\([0-9.]*\)'.*/\1/p" "$requirements" | while IFS= read -r version; do
    cp tests/tools/get_pip.py "$HOME/.ansible/test/cache/get_pip_${version//./_}.py"
done

# No pyenv shims: they answer to versions that are not there.
PATH=$venv/bin:$work/environments/py39/bin:/usr/local/bin:/usr/bin:/bin
unset ANSIBLE_CONFIG

cd "$copy"
"$venv/bin/python" "$venv/bin/ansible-test" "$@" --local --color no 2>&1 | tee "$work/output"

# It is content, and exits with 0, when it finds nothing to test.
if ! grep '^Running ' "$work/output" >"$work/ran" || grep -q 'All targets skipped' "$work/output"; then
    echo 'ansible-test ran nothing.'
    exit 1
fi
printf 'ansible-test %s: %d passed\n' "$1" "$(wc -l <"$work/ran")"
