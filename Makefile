# Everything a contributor does is a target here; `make help` lists them.
# Each sets up what it needs, and does nothing the second time where nothing changed.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PEERS := tests/peers
DEMO_PACKAGES := busybox-static ca-certificates docker-registry runc skopeo
WORKERS ?= 2
# Builds mount file systems. -B: no compiled files of root's in the tree of a user.
AS_ROOT := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
PLAY := $(AS_ROOT) $(BIN)/python -B -m
PYTEST := $(BIN)/pytest -n $(WORKERS) --dist loadfile

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

# --- what the others need -------------------------------------------------------------

.PHONY: setup
setup: $(VENV)/.stamp ## a virtual environment with the package and the tools of its developers

$(VENV)/.stamp: pyproject.toml
	@command -v $(PYTHON) >/dev/null || $(PEERS)/install-packages python3 python3-venv
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "error: $(PYTHON) is older than 3.11; name another: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || $(PEERS)/install-packages python3-venv
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@# As an installed wheel is: a start then reads compiled files, whatever the environment says.
	@$(BIN)/python -m compileall -q builder regdoctor
	@touch $@

.PHONY: peers
peers: ## the programs of Debian that the tests run beside ours (root or sudo)
	@$(PEERS)/install-packages $$(sed 's/#.*//' $(PEERS)/debian-packages.txt)

.PHONY: peers-go
peers-go: setup ## BuildKit, compiled into .peers/bin; the slow tests and the bench want it
	@PYTHON=$(PYTHON) $(PEERS)/install-go-programs

# --- what a change must pass ----------------------------------------------------------

.PHONY: check
check: setup ## format, lint, types, import contracts, tidy, docs
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -q tests/unit/test_tidy_repo.py tests/unit/test_docs.py

.PHONY: format
format: setup ## rewrite the code the way `make check` wants it
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

.PHONY: test
test: setup peers ## all tests but the slow ones
	$(PYTEST) -m 'not slow'

.PHONY: slow
slow: setup peers peers-go ## the tests that need compiled peers, or many builds
	$(PYTEST) -m slow

.PHONY: client-cases
client-cases: setup ## executed cases against the evaluator of clients: FILE=PATH
	@$(BIN)/python -m tests.replay.client_cases "$(or $(FILE),tests/fixtures/data/client-cases.json)"

.PHONY: chains
chains: setup ## judge chains that Go judged, as go-x509.json has them: make chains FILE=chains.json
	@$(BIN)/python -m tests.replay "$(or $(FILE),tests/fixtures/data/go-x509.json)"

# --- what it shows --------------------------------------------------------------------

.PHONY: demo
demo: setup ## a build that fails on a private CA, and what becomes of it
	@$(PEERS)/install-packages $(DEMO_PACKAGES)
	@[ -z "$(AS_ROOT)" ] || command -v sudo >/dev/null || \
	  { echo "error: the demo builds images, which needs root" >&2; \
	    echo "hint: run make demo as root, or install sudo" >&2; exit 1; }
	@$(PLAY) demo

.PHONY: bench
bench: setup peers peers-go ## our times beside those of BuildKit, docker and buildah
	@$(BIN)/python -m tests.bench

# --- files that are generated ---------------------------------------------------------

.PHONY: docs
docs: setup ## write docs/cli.md, the index of the pages and the outputs of the README from what they tell of
	@$(PEERS)/install-packages $(DEMO_PACKAGES)
	$(BIN)/pytest -q tests/unit/test_docs.py -k "reference_has or index_of_the_pages" --golden
	$(PLAY) demo.readme

.PHONY: golden
golden: setup ## rewrite the expected outputs of the tests; read the diff
	$(BIN)/pytest -q -m 'not slow' --golden

.PHONY: clean
clean: ## remove what the targets made, but not the peers
	rm -rf $(VENV) .demo build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find builder regdoctor tests demo -name __pycache__ -prune -exec rm -rf {} +
