# All set-up happens here, into .venv: with uv where it is on PATH, else with pip. Needed: git, make, Python >= 3.11.

VENV := .venv
BIN := $(VENV)/bin
UV := $(shell uv --version >/dev/null 2>&1 && echo uv)

# A shim may stand on PATH and not run, and Debian's python3 makes no .venv without python3-venv: so each one is tried.
ASSETS := inbox_ui/package-lock.json inbox_ui/build_assets.py
PROBE := import sys; sys.version_info >= (3, 11) or sys.exit(1)$(if $(UV),,; import ensurepip, venv); print(sys.executable)
PYTHON ?= $(shell for python in python3.13 python3.12 python3.11 python3; do \
	$$python -c '$(PROBE)' 2>/dev/null && break; done)

INSTALL = $(if $(UV),uv pip install --quiet --python $(BIN)/python,$(BIN)/python -m pip install --quiet)
# Of these errors the sentence is shown to people.
SENTENCES := -k Invalid:2 -k Conflict -k NotFound -k NotAllowed -k Overtaken:2 -k Stale -k Unavailable -k Corrupt
LOCK = uv pip compile --quiet --no-config --universal --generate-hashes --extra mariadb --no-header --no-annotate $(if $(UPGRADE),--upgrade)

# What programs and tests import is compiled once, not at each of their hundred starts, whatever the shell says.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help install install-dev run test tests lint bench lock words clean

help:  ## list what can be made
	@sed -n 's/^\([a-z-]*\):.*## /\1	/p' Makefile | expand -t 14

install: $(VENV)/.installed  ## what running needs

install-dev: $(VENV)/.installed-dev  ## what testing needs as well

run: install  ## the demo (ARGS=--reset starts it afresh)
	@$(BIN)/torg demo $(ARGS)

test: install-dev  ## lint and the tests, side by side (ARGS="-k name" picks some)
	@$(MAKE) --no-print-directory --jobs=2 lint tests

# Four on two cores: for three tenths of its time a test waits for a timer, or for a process that waits.
tests: install-dev
	@$(BIN)/pytest -n 4 --dist loadfile --no-loadscope-reorder $(ARGS)

lint: install-dev  ## style, types, who imports whom
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

bench: install-dev  ## the ledger of scale: a table, beside floors and others
	@$(BIN)/python -m tests.bench $(ARGS)

lock:  ## pin what pyproject.toml asks for; needs uv (UPGRADE=1 takes the newest of everything)
	$(LOCK) --group build --output-file requirements.txt pyproject.toml
	$(LOCK) --extra msgraph --group dev --constraint requirements.txt --output-file requirements-dev.txt pyproject.toml

words: install-dev  ## bring the catalogues of words up to date with the code
	@mkdir -p build
	$(BIN)/pybabel -q extract -F pyproject.toml $(SENTENCES) --no-location --sort-output --omit-header -o build/messages.pot hub/access hub/channels hub/edge hub/inbox hub/lookups hub/storage hub/watch inbox_ui
	$(BIN)/pybabel -q extract --no-default-keywords -k S_ --no-location --sort-output --omit-header -o build/sentences.pot inbox_ui/lookups inbox_ui/visitor_words.py inbox_ui/public
	for file in inbox_ui/locale/*/*.po; do $(BIN)/pybabel -q update --no-fuzzy-matching --omit-header --ignore-obsolete \
		--no-wrap -l $$(basename $$(dirname $$file)) -i build/$$(basename $$file .po).pot -o $$file; done

clean:  ## remove what make made; var/ and torg.toml stay
	rm -rf $(VENV) build dist inbox_ui/static/vendor .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -prune -exec rm -rf {} +

$(VENV)/.made:
	@$(or $(PYTHON),false) -c '$(PROBE)' >/dev/null 2>&1 || { \
		echo 'Torg needs Python 3.11 or newer$(if $(UV),, with venv and ensurepip (Debian: apt install python3-venv)), and $(or $(PYTHON),nothing on PATH) is not that.' >&2; \
		echo 'Install one, or name one: make PYTHON=/path/to/python3 $(MAKECMDGOALS)' >&2; exit 1; }
	$(if $(UV),uv venv --quiet --clear --python,) $(PYTHON) $(if $(UV),,-m venv --clear) $(VENV)
	@touch $@

$(VENV)/.installed: $(VENV)/.made requirements.txt pyproject.toml $(ASSETS)
	$(call into-venv,requirements.txt)
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.made requirements-dev.txt pyproject.toml $(ASSETS)
	$(call into-venv,requirements-dev.txt)
	@touch $(VENV)/.installed $@

# A .venv made by uv has no pip of its own, should uv go away.
define into-venv
@echo 'Installing into $(VENV), about a minute...'
$(if $(UV),,@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip)
$(INSTALL) --require-hashes -r $(1)
$(INSTALL) --no-deps --no-build-isolation -e .
endef
