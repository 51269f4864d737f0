# Fedge from a checkout: `make demo` shows it, `make test` tests it, `make check` is everything CI asks for but the browser.
# Works with GNU make 3.81 (macOS) and any POSIX shell; needs Python >= 3.11 and a package index, nothing else.

VENV := .venv
BIN := $(VENV)/bin
# Options of the program that a target starts: make demo ARGS="--headless --duration 30"
ARGS ?=
# The Python that the environment is made of; unset: the first of these that is new enough.
PYTHON ?=
PYTHONS := python3 python3.13 python3.12 python3.11
# embedded, or karmada: what runs the instances of make demo.
ENGINE ?=
KARMADA_ARGS ?=
# FAST=1 leaves out tests marked slow; REPORTS=DIR writes JUnit files there; PYTEST_ARGS is given to every pytest run.
FAST ?=
REPORTS ?=
PYTEST_ARGS ?=

# An environment holds absolute paths: a checkout that was moved or copied gets a new stamp, and is installed again.
HERE := $(shell printf '%s' "$(CURDIR)" | cksum | cut -d ' ' -f 1)
RUNTIME := $(VENV)/.runtime-$(HERE)
DEV := $(VENV)/.dev-$(HERE)

.DEFAULT_GOAL := help
.PHONY: help venv dev demo up down karmada-build karmada-up karmada-down test test-browser test-karmada lint format types contracts check examples bench lock clean

help:  ## show this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

# ------------------------------------------------------------------------------------------------ environment

venv: $(RUNTIME)  ## install what running Fedge needs, into .venv
dev: $(DEV)  ## venv, and what its tests and checks need

$(RUNTIME): requirements/runtime.txt pyproject.toml sdk/pyproject.toml
	@set -e; \
	new_enough() { "$$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }; \
	found=""; \
	for candidate in $(or $(PYTHON),$(PYTHONS)); do \
	  if new_enough "$$candidate"; then found="$$candidate"; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	  echo "Fedge needs Python 3.11 or newer; found none (tried: $(or $(PYTHON),$(PYTHONS)))." >&2; \
	  echo "Install one, or say where it is: make $(or $(MAKECMDGOALS),venv) PYTHON=/path/to/python3.12" >&2; \
	  exit 1; \
	fi; \
	if ! "$$found" -c 'import ensurepip, venv' >/dev/null 2>&1; then \
	  echo "$$found has no venv module; on Debian and Ubuntu: apt-get install python3-venv" >&2; \
	  exit 1; \
	fi; \
	if ! new_enough $(BIN)/python || ! [ -e "$@" ]; then \
	  echo "Making $(VENV) with $$("$$found" --version)"; \
	  "$$found" -m venv --clear $(VENV); \
	fi; \
	echo "Installing Fedge and what it needs into $(VENV)"; \
	export PIP_DISABLE_PIP_VERSION_CHECK=1; \
	$(BIN)/python -m pip install -q --require-hashes -r requirements/runtime.txt; \
	$(BIN)/python -m pip install -q --no-deps --no-build-isolation -e ./sdk -e .; \
	touch $@

$(DEV): $(RUNTIME) requirements/dev.txt
	@echo "Installing the tools of the tests and checks into $(VENV)"
	@PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/python -m pip install -q --require-hashes -r requirements/dev.txt
	@touch $@

# ---------------------------------------------------------------------------------------------------- running

demo: $(RUNTIME) $(if $(filter karmada,$(ENGINE)),karmada-up)  ## play the demo: ARGS="--players 24", ENGINE=karmada
	@ENGINE="$(or $(ENGINE),embedded)" exec $(BIN)/fedge demo $(ARGS)

up: $(RUNTIME)  ## start the platform alone
	@exec $(BIN)/fedge up $(ARGS)

down: $(RUNTIME)  ## stop what `make up` started
	@exec $(BIN)/fedge down $(ARGS)

# --------------------------------------------------------------------------------------------------- Karmada

# A real Karmada with three member clusters on loopback, as plain processes: needs Go for the first build (about 10 minutes).
karmada-build: $(DEV)  ## build the programs of the Karmada test bench (needs Go)
	@$(BIN)/python -m testbench build

karmada-up: $(DEV)  ## start Karmada and three member clusters, into .fedge/karmada
	@$(BIN)/python -m testbench up $(KARMADA_ARGS)

karmada-down: $(DEV)  ## stop them (KARMADA_ARGS=--clean forgets their data)
	@$(BIN)/python -m testbench down $(KARMADA_ARGS)

# --------------------------------------------------------------------------------------------------- checking

# `make test` runs everything but the browser tests (CI's own step) and Karmada's; pytest's summary says what was skipped
# and why. Tests that start real processes run one at a time, the others on both cores.
NOT_SLOW := $(if $(FAST), and not slow)
# pytest's status 5 means that nothing was selected, which is not a failure of the code.
RUN_PYTEST = run() { name="$$1"; shift; status=0; \
	  $(BIN)/python -m pytest $(if $(REPORTS),--junitxml="$(REPORTS)/$$name.xml") "$$@" $(PYTEST_ARGS) || status=$$?; \
	  if [ $$status = 5 ]; then echo "($$name: no test)"; status=0; fi; return $$status; }

test: $(DEV)  ## run the tests (FAST=1 leaves out the slow ones)
	@$(RUN_PYTEST); failed=0; \
	run unit -n 2 -m "not system and not browser and not karmada$(NOT_SLOW)" || failed=1; \
	run system -m "system and not browser and not karmada$(NOT_SLOW)" || failed=1; \
	echo "Left out here: browser tests (make test-browser), tests of a real Karmada$(if $(FAST), and slow tests)."; \
	exit $$failed

test-browser: $(DEV)  ## run the dashboard's tests in headless Chromium
	@$(RUN_PYTEST); run browser -m browser

test-karmada: $(DEV)  ## run the tests that need Karmada
	@$(RUN_PYTEST); run karmada -m karmada

lint: $(DEV)  ## ruff's rules and its format
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

format: $(DEV)  ## let ruff mend what it can
	@$(BIN)/ruff check --fix-only -q .
	@$(BIN)/ruff format .

types: $(DEV)  ## mypy --strict
	@$(BIN)/mypy $(wildcard src/fedge sdk/src examples/arena)

contracts: $(DEV)  ## who may import whom
	@$(BIN)/lint-imports

check: lint types contracts test  ## lint, types, contracts, test

examples: $(RUNTIME)  ## run every numbered example
	@bash .ci/examples $(BIN)

bench: $(RUNTIME)  ## run one benchmark: BENCH=moves ARGS="…"
	@test -n "$(BENCH)" || { echo "make bench BENCH=NAME, one of: $(patsubst bench/%.py,%,$(filter-out %/__init__.py,$(wildcard bench/*.py)))"; exit 1; }
	@exec $(BIN)/python -m bench.$(subst -,_,$(BENCH)) $(ARGS)

lock: requirements/runtime.in requirements/dev.in  ## resolve requirements/*.in again (needs uv)
	@bash requirements/lock

clean:  ## remove the environment, the caches and everything runs have left in .fedge
	@rm -rf $(VENV) .fedge .ci-out .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache build dist
