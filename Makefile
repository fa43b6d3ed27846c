# trucewatch: `make run` runs it, `make test` tests it; both set up .venv first. Nothing but Python >= 3.11, pip and make.
# `make PYTHON=python3.12 …` chooses the interpreter; `make clean` first when .venv was made with another one.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install run demo test lint eval bench chaos soak verify-deploy train left-out lock docs clean

help:  ## Show these lines.
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/'

install: $(VENV)/.installed  ## Set up .venv from requirements.lock, and nothing else.

run: install  ## Run everything on this machine, with a store of its own.
	@exec $(BIN)/trucewatch run

demo: install  ## Play invented stories through the real service (no internet, a minute).
	@exec $(BIN)/python -m service.demo

test: lint  ## Check and test everything, with a test process for each core, four at most.
	$(BIN)/pytest --numprocesses auto --maxprocesses 4

lint: $(VENV)/.tested  ## Linter, format, types.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

EVAL ?= ../shared/eval
ERRORS ?= 0
JOBS ?= 1
eval: install  ## Measure reading and alerting on the annotated articles in EVAL (ERRORS=40 lists errors, JOBS=2).
	@$(BIN)/python -m tests.bench.evaluate $(EVAL) --errors $(ERRORS) --jobs $(JOBS)

BENCH ?=
FEEDS ?= ../shared/feeds
bench: $(VENV)/.tested  ## Measure everything but reading, part after part (BENCH="ledger orders" runs only these).
	@$(BIN)/python -m tests.bench $(BENCH) --eval $(EVAL) --feeds $(FEEDS)

soak: $(VENV)/.tested  ## Poll 2,000 feeds of changing behaviour on loopback for ten minutes.
	@$(BIN)/python -m tests.soak

verify-deploy: $(VENV)/.tested  ## Prove image, compose, units and manifests by running them (root, Debian's packages; minutes).
	@$(BIN)/python -m tests.deploy.verify $(PARTS)

KILLS ?= 2000
FRESH ?=
chaos: $(VENV)/.tested  ## Kill the service KILLS times (2,000) and see what is lost; goes on where it was stopped (FRESH=1: anew).
	@$(BIN)/python -m tests.chaos $(KILLS) $(if $(FRESH),--fresh)

train: $(VENV)/.tested  ## Fit the position model to the annotated articles in EVAL.
	@$(BIN)/python -m tests.bench.train --eval $(EVAL)

left-out: $(VENV)/.tested  ## Measure reading on conflicts that the models have not seen (minutes).
	@$(BIN)/python -m tests.bench.left_out --eval $(EVAL)

docs: install  ## Write the generated documents anew.
	$(BIN)/trucewatch config --markdown > docs/settings.md
	$(BIN)/trucewatch config --env > deploy/env.example
	$(BIN)/python -m service.webhook_docs docs/webhooks.md
	@(printf '%s\n' '# Made of deploy/prometheus/rules.yaml by `make docs`.' 'apiVersion: monitoring.coreos.com/v1' \
		'kind: PrometheusRule' 'metadata:' '  name: trucewatch' 'spec:'; sed 's/^/  /' deploy/prometheus/rules.yaml) \
		> deploy/k8s/components/monitoring/rules.yaml

COMPILE = $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-annotate --no-header \
	--python-version 3.11 --upgrade
lock: install  ## Resolve the dependencies anew.
	$(COMPILE) pyproject.toml --group build -o requirements.lock
	$(COMPILE) pyproject.toml --group build --group test -o requirements-test.lock
	$(COMPILE) requirements-uv.in -o requirements-uv.lock

clean:  ## Remove the environment and every cache.
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis *.egg-info build dist

# uv installs in seconds. It does not read pip's configuration: where only pip knows the package index, pip does it.
define install-from
	@echo "installing $(1)"
	@UV_PYTHON_DOWNLOADS=never VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --require-hashes -r $(1) \
		|| { echo "uv could not; trying pip, which takes a minute or two"; $(PIP) install --require-hashes -r $(1); }
endef

$(VENV)/.uv: requirements-uv.lock
	@command -v $(PYTHON) > /dev/null \
		|| { echo "trucewatch needs Python 3.11 or newer, and there is no $(PYTHON): make PYTHON=/path/to/python3 …"; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "trucewatch needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1): make PYTHON=python3.12 …"; exit 2; }
	@echo "making $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install --require-hashes -r requirements-uv.lock
	@touch $@

$(VENV)/.installed: $(VENV)/.uv requirements.lock pyproject.toml
	$(call install-from,requirements.lock)
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.tested: $(VENV)/.installed requirements-test.lock
	$(call install-from,requirements-test.lock)
	@touch $@
