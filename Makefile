# The whole project from git, make and Python 3.11 (to 3.13). `make help` lists what there is.

IS_FIT = import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
ifndef PYTHON
PYTHON := $(shell for python in python3.11 python3.12 python3.13 python3; do \
	if $$python -c '$(IS_FIT)' 2>/dev/null; then command -v $$python; break; fi; done)
endif

BIN := .venv/bin
# The binary itself: npm's wrapper around it says nothing of failures.
FORGE = $(firstword $(wildcard node_modules/@foundry-rs/forge-*/bin/forge))
# Hardhat and solhint are Node scripts: they find the wheel's Node here, before the machine's.
export PATH := $(CURDIR)/$(BIN):$(PATH)
export HARDHAT_DISABLE_TELEMETRY_PROMPT := true

PYTEST_ARGS ?= --numprocesses=2 --dist=loadfile
# Which of the contracts' tests: make contracts-test FORGE_ARGS='--match-contract RepayTest -vvv'
FORGE_ARGS ?=
# Which mutants: make mutate MUTATE_ARGS='--files libraries/RoundingLib.sol'
MUTATE_ARGS ?=
# Where the nightly fuzzing starts; a failure is replayed with the seed of its run.
ifndef NIGHTLY_SEED
NIGHTLY_SEED := 0x$(shell od -An -N32 -tx1 /dev/urandom | tr -d ' \n')
endif

.PHONY: help setup demo serve test lint contracts contracts-test gas-snapshot nightly mutate prove slither
.PHONY: bench-gas bench-mirror lock wheel clean
.DEFAULT_GOAL := help

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' Makefile

setup: ## install everything into .venv and node_modules (quick when nothing changed)
	@test -n "$(PYTHON)" || { echo "setup: Python 3.11 to 3.13 is needed; install it, or name it: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) scripts/setup.py

demo: setup ## run a portfolio of real loans through the whole house
	@$(BIN)/tallystick demo

serve: setup ## serve the API and its docs on loopback, over what the demo left
	@$(BIN)/tallystick serve

test: lint contracts-test ## run every check and every test
	$(BIN)/python -m pytest $(PYTEST_ARGS)

lint: setup ## ruff, mypy, import-linter, solhint
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	node_modules/.bin/solhint --disc --noPoster --max-warnings 0 'contracts/**/*.sol'

contracts: setup ## compile the contracts and write their bindings into the package
	$(BIN)/python scripts/compile_contracts.py

contracts-test: setup ## the contracts' own tests: unit, fuzz, invariant
	$(FORGE) build
	$(FORGE) test $(FORGE_ARGS)

gas-snapshot: setup ## write what the contracts' tests measured to contracts/test/snapshots
	FORGE_SNAPSHOT_CHECK=false FORGE_SNAPSHOT_EMIT=true $(FORGE) test --match-contract Gas

nightly: setup ## the long runs: 100,000 fuzz runs, 1,000 invariant runs of depth 100, 10,000 histories
	$(FORGE) build
	FOUNDRY_PROFILE=nightly $(FORGE) test --fuzz-seed $(NIGHTLY_SEED)
	TALLYSTICK_HISTORIES=10000 TALLYSTICK_SEED=$(NIGHTLY_SEED) $(BIN)/python -m pytest $(PYTEST_ARGS) tests/differential/test_ledger_against_rules.py

mutate: setup ## do the contracts' tests notice faults? All of them take hours: MUTATE_ARGS='--sample 300'
	$(BIN)/python -m scripts.mutate_contracts $(MUTATE_ARGS)

prove: setup .venv-proof/packages.stamp ## prove the contracts' arithmetic for all inputs
	$(BIN)/python -m scripts.prove_contracts

slither: setup .venv-proof/packages.stamp ## static analysis of the contracts
	$(BIN)/python -m scripts.check_slither

.venv-proof/packages.stamp: requirements-proof.lock | setup
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python .venv-proof
	$(BIN)/uv pip sync --quiet --require-hashes --python .venv-proof/bin/python requirements-proof.lock
	@touch $@

bench-gas: setup ## measure what the calls cost, beside the floor and what others published
	$(BIN)/python -m scripts.bench_gas

bench-mirror: setup ## measure the mirror beside a plain copy of its logs
	$(BIN)/python scripts/bench_mirror.py

lock: setup ## resolve the newest allowed versions and write both lock files
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
		--no-header --all-extras --group dev pyproject.toml --output-file requirements.lock
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
		--no-header requirements-proof.in --output-file requirements-proof.lock
	$(BIN)/npm update --package-lock-only
	@$(PYTHON) scripts/setup.py

wheel: setup ## build the wheel into dist/
	$(BIN)/python -m build --wheel --no-isolation

clean: ## remove everything that make can make again
	rm -rf .venv .venv-proof node_modules artifacts build cache dist
	rm -rf .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find backend scripts tests -name __pycache__ -type d -prune -exec rm -rf {} +
