# Everything a newcomer or CI runs. Needs Python 3.11+, pip and make; the rest is set up in .venv.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
ROOMS := extracts features models training scoring simulator payrank
CODE := $(ROOMS) experiments tests
DEMO ?= payrank-demo
ACCOUNTS ?= 20000

.DEFAULT_GOAL := help
.PHONY: help demo test check docs format bench clean

help: ## Show what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

demo: $(VENV)/.demo ## Simulate a hospital, train both models, score, and say where to look
	$(BIN)/payrank demo --out $(DEMO) --accounts $(ACCOUNTS)

test: $(VENV)/.dev ## Run every test, the documentation's examples among them
	$(BIN)/python -m pytest

check: $(VENV)/.dev ## Format, lint, types and the rooms' import rules, without changing a file
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(VENV)/.docs ## Build the documentation site in docs/_build/html
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build/html
	@echo "Open docs/_build/html/index.html"

format: $(VENV)/.dev ## Format the code and mend what the linter can
	$(BIN)/ruff format $(CODE)
	$(BIN)/ruff check --fix $(CODE)

bench: $(VENV)/.dev ## Measure speed, memory, and the simulated hospital (minutes)
	$(BIN)/python -m experiments.speed
	$(BIN)/python -m experiments.speed.frames
	$(BIN)/python -m experiments.x12_speed 60
	$(BIN)/python -m payrank.simulator.facts.check_facts --accounts 100000 --seeds 1 2 3
	$(BIN)/python -m experiments.simulator_scale

clean: ## Remove the environment and what tools left behind
	rm -rf $(VENV) build docs/_build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "payrank needs Python 3.11 or newer; this is $$($(PYTHON) --version 2>&1). Name another: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.demo: $(VENV)/.python pyproject.toml constraints.txt
	@echo "Setting up $(VENV): this takes two or three minutes, once."
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.docs: $(VENV)/.demo
	@echo "Adding the tools for the documentation to $(VENV)."
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[docs]'
	@touch $@

$(VENV)/.dev: $(VENV)/.demo
	@echo "Adding the tools for tests and checks to $(VENV)."
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@
