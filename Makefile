# trucewatch: `make run` runs it, `make test` tests it; both set up .venv first. Nothing but Python >= 3.11, pip and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help install run demo test lint lock docs clean

help:  ## Show these lines.
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:.*## /\t/'

install: $(VENV)/.installed  ## Set up .venv from requirements.lock, and nothing else.

run: install  ## Run everything on this machine, with a store of its own.
	$(BIN)/trucewatch run

demo: install  ## Play invented stories through the real service (no internet, a minute).
	$(BIN)/python -m service.demo

test: $(VENV)/.tested lint  ## Check and test everything.
	$(BIN)/pytest

lint: $(VENV)/.tested  ## Linter, format, types.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: install  ## Write the generated documents anew.
	$(BIN)/trucewatch config --markdown > docs/settings.md
	$(BIN)/trucewatch config --env > deploy/env.example

COMPILE = $(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-annotate --no-header \
	--python-version 3.11
lock: install  ## Resolve the dependencies anew.
	$(COMPILE) --upgrade pyproject.toml --group build -o requirements.lock
	$(COMPILE) --upgrade pyproject.toml --group build --group test -o requirements-test.lock
	$(COMPILE) --upgrade requirements-uv.in -o requirements-uv.lock

clean:  ## Remove the environment and every cache.
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis *.egg-info build dist

$(VENV)/.uv: requirements-uv.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "trucewatch needs Python 3.11 or newer; PYTHON=$(PYTHON) is older: make PYTHON=python3.12 …"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.lock
	@touch $@

# uv installs in seconds; where it cannot reach the package index that pip is set up for, pip does the same.
SYNC = install_from() { \
		VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --require-hashes -r $$1 \
		|| $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $$1; \
	}; install_from
PROJECT = $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .

$(VENV)/.installed: $(VENV)/.uv requirements.lock pyproject.toml
	$(SYNC) requirements.lock
	$(PROJECT)
	@touch $@

$(VENV)/.tested: $(VENV)/.installed requirements-test.lock
	$(SYNC) requirements-test.lock
	@touch $@
