# Everything a newcomer or CI runs. Needs Python 3.11+, pip, and make; the rest is set up in .venv.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# Ruff does not follow the links in payrank/, so it gets the real folders.
CODE := extracts features models training scoring simulator payrank experiments tests docs
DEMO ?= payrank-demo
ACCOUNTS ?= 20000
FAST := not slow and not browser and not spark and not postgres and not data

.DEFAULT_GOAL := help
.PHONY: help demo test test-fast check format docs bench constraints clean

help: ## Show the available targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{sub(/:.*/, "", $$1); printf "  make %-12s %s\n", $$1, $$2}'

demo: $(VENV)/.demo ## Simulate a hospital, train both models, score, and list the pages to open
	$(BIN)/payrank demo --out $(DEMO) --accounts $(ACCOUNTS)

test: $(VENV)/.dev ## Run every test, including the examples in the documentation
	$(BIN)/python -m pytest

test-fast: $(VENV)/.dev ## Run the quick tests only (under 3 minutes)
	$(BIN)/python -m pytest -m "$(FAST)"

check: $(VENV)/.dev ## Check format, lint, types, import directions, and spelling without changing a file
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell $(CODE) notebooks README.md CONTRIBUTING.md CHANGELOG.md Makefile pyproject.toml .ci

format: $(VENV)/.dev ## Format the code and fix what the linter can
	$(BIN)/ruff format $(CODE)
	$(BIN)/ruff check --fix $(CODE)

docs: $(VENV)/.dev ## Build the documentation site in docs/_build/html; warnings are errors
	$(BIN)/python -m sphinx --builder html --fail-on-warning --keep-going --quiet docs docs/_build/html
	@echo "Open docs/_build/html/index.html"

bench: $(VENV)/.dev ## Measure speed, memory, and the simulated hospital (minutes)
	$(BIN)/python -m experiments.speed
	$(BIN)/python -m experiments.speed.frames
	$(BIN)/python -m experiments.x12_speed 60
	$(BIN)/python -m payrank.simulator.facts.check_facts --accounts 100000 --seeds 1 2 3
	$(BIN)/python -m experiments.simulator_scale

constraints: $(VENV)/.dev ## Pin dependencies again (make constraints UPGRADE=--upgrade for newer versions)
	$(BIN)/python .ci/constraints $(UPGRADE)

clean: ## Remove the environment and what tools left behind
	rm -rf $(VENV) build docs/_build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "payrank needs Python 3.11 or newer; this is $$($(PYTHON) --version 2>&1). Name another: make PYTHON=python3.12 ..."; exit 1; }
	@test -d payrank/features || \
	  { echo "payrank/features must be a symbolic link, but this checkout has none. Run: git config core.symlinks true && git checkout -- payrank"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.demo: $(VENV)/.python pyproject.toml constraints.txt .ci/install
	@echo "Setting up $(VENV): this takes a minute or two, once."
	$(BIN)/python .ci/install train
	@touch $@

$(VENV)/.dev: $(VENV)/.python pyproject.toml constraints.txt .ci/install
	@echo "Setting up $(VENV) with the tools for tests and checks: this takes about three minutes, once."
	$(BIN)/python .ci/install dev
	@touch $@ $(VENV)/.demo
