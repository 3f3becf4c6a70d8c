# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Finds a Python, makes an environment with nox in it, and calls nox: the sessions are in noxfile.py. `make` lists them.
#
# Needs git, GNU make and Python 3.10 or newer; the rest is installed into .venv/.
# make integration TARGET=vicidial_stereo_recording; make unit PYTEST="-k parse --lf"; V=1 shows all output;
# PYTHONS="3.11 3.12" leaves other Pythons alone

# Newest first. tests/matrix.json has them too, with what is supported on each; a test compares.
PYTHONS ?= 3.13 3.12 3.11 3.10
export PYTHONS

NOX := 2026.10.20
UV := 0.13.9
MADE := .venv/nox/made-$(NOX)-$(UV)

ARGUMENTS = $(PYTEST) $(TARGET) $(VERSION) $(if $(SIZES),--sizes $(SIZES)) $(if $(ROUNDS),--rounds $(ROUNDS))
SESSIONS := $(filter-out list clean,$(MAKECMDGOALS))

.PHONY: list clean $(SESSIONS)

list: $(MADE)
	@.venv/nox/bin/nox --list

# Every other name is a session. Nothing of it asks a person: no standard input.
$(SESSIONS): $(MADE)
	@.venv/nox/bin/nox --session $@ -- $(ARGUMENTS) </dev/null

clean:
	rm -rf .venv

# uv is several times as fast as pip; where it cannot be had, or cannot reach what pip can, pip does it.
$(MADE):
	@mute='-qq --disable-pip-version-check'; without=; \
	for version in $(PYTHONS); do \
	    for python in python$$version "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/$$version.*/bin/python$$version; do \
	        "$$python" -c '' 2>/dev/null || continue; \
	        "$$python" -c 'import ensurepip, venv' 2>/dev/null || { without="$$python"; continue; }; \
	        echo "    making .venv/nox with $$python"; \
	        rm -rf .venv/nox; "$$python" -m venv .venv/nox || exit 1; \
	        .venv/nox/bin/python -m pip install $$mute uv==$(UV) 2>/dev/null && \
	        .venv/nox/bin/uv pip install --quiet --python .venv/nox/bin/python nox==$(NOX) 2>/dev/null || \
	        .venv/nox/bin/python -m pip install $$mute nox==$(NOX) || exit 1; \
	        touch $@; exit 0; \
	    done; \
	done; \
	if [ -n "$$without" ]; then echo "$$without makes no virtual environments: install python3-venv."; \
	else echo "No Python here that this works with: $(PYTHONS)."; fi; \
	exit 1
