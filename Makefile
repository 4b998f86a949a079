# The verbs of this repository. They need Python >= 3.11 with venv, make and git; each makes what it needs.

PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$name -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$name && break; done)
WORKERS ?= 2
BIN := .venv/bin
INSTALLED := .venv/installed
LOCK := --system-certs --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --extra server

.DEFAULT_GOAL := help
.PHONY: help install demo test test-slow check bench bench-search lock format clean

help: ## Show this list.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(INSTALLED) ## Make .venv from the hash-pinned lock, with the package in it as it stands here.

$(INSTALLED): requirements/dev.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "make: no Python >= 3.11 with venv found; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

demo: $(INSTALLED) ## Start a server, record a day of a SaaS product, say what to try. ARGS='--tamper' and others are passed on.
	$(BIN)/tallystick demo $(ARGS)

test: $(INSTALLED) ## Run every test that is not slow. ARGS='-k erase' and others are passed on.
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m "not slow" $(ARGS)

test-slow: $(INSTALLED) ## Run the slow tests: crashes, sabotage, foreign verifiers, big logs.
	$(BIN)/python -m pytest -m slow $(ARGS)

check: $(INSTALLED) ## Format, lint, types, floors, spelling, docs.
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/codespell
	$(BIN)/python -m pytest -q tests/architecture

bench: $(INSTALLED) ## Measure; each figure is a ratio to a reference loop of the same run. BENCH=ingest picks one.
	PYTHONPATH=tests $(BIN)/python -m bench $(BENCH)

bench-search: $(INSTALLED) ## Measure search at ten million events, half an hour. ARGS='--data FOLDER' keeps them for the next time.
	PYTHONPATH=tests $(BIN)/python -m bench search --size 10000000 $(ARGS)

lock: $(INSTALLED) ## Bring requirements/*.txt up to date with pyproject.toml. ARGS=--upgrade takes newer releases.
	$(BIN)/uv pip compile --quiet $(LOCK) --group dev -o requirements/dev.txt pyproject.toml requirements/tools.in $(ARGS)
	$(BIN)/uv pip compile --quiet $(LOCK) -o requirements/server.txt pyproject.toml requirements/build.in $(ARGS)

format: $(INSTALLED) ## Format the code and mend what the linter can mend.
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

clean: ## Remove everything that the other verbs make.
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
