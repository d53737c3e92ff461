# kws-live: `make run` listens, `make test` checks everything. `make` alone explains.

PYTHON ?= python3
DEVICE = default
ARGS =
TORCH_INDEX ?=
export PYTHON DEVICE TORCH_INDEX

# Type checking wants annotations everywhere but in the tests.
TYPED = $(wildcard kws_live train export benchmarks scripts/*.py)
CODE = kws_live train export models benchmarks scripts examples tests
TEST_BIN = .venv-test/bin

# Those that need no recordings and no torch; docs/benchmarks.md lists all.
BENCHMARKS = startup latency throughput eval_speed cpu

.DEFAULT_GOAL = help
.PHONY: help run test lint bench tables clean environment test-environment bench-environment

help:
	@echo 'make run               listen to the default microphone (installs what is missing, once)'
	@echo 'make run DEVICE=demo   no microphone: a bundled recording of all ten words'
	@echo 'make run DEVICE=NAME   another microphone; .venv/bin/kws-live devices lists them'
	@echo 'make run ARGS=…        with further options:  make run ARGS="--hook '"'stop=playerctl pause'"'"'
	@echo 'make test              style, types and tests, in an environment of its own (with torch)'
	@echo 'make test ARGS=…       with options for pytest:  make test ARGS="-k gate"'
	@echo 'make lint              style, types, and whether a figure in README or docs is stale'
	@echo 'make bench             the benchmarks; results go to benchmarks/results/'
	@echo 'make tables            writes the newest results into README, model card and docs'
	@echo 'make clean             removes the environments and all that was built'
	@echo
	@echo 'PYTHON=python3.12      uses that interpreter (3.11 or newer)'
	@echo 'TORCH_INDEX=URL        also looks for torch there. On Linux the one on PyPI brings gigabytes of CUDA;'
	@echo '                       https://download.pytorch.org/whl/cpu has one without'

# `exec`: signals reach kws-live itself, and no shell stands between it and its terminal.
run: environment
	@exec .venv/bin/kws-live --device "$$DEVICE" $(ARGS)

test: lint
	$(TEST_BIN)/pytest $(ARGS)

lint: test-environment
	$(TEST_BIN)/ruff check $(CODE)
	$(TEST_BIN)/ruff format --check $(CODE)
	$(TEST_BIN)/mypy $(TYPED)
	$(TEST_BIN)/python -m benchmarks.tables --check

bench: bench-environment
	@scripts/system-packages test
	@set -e; for benchmark in $(BENCHMARKS); do \
		echo "== benchmarks.$$benchmark"; .venv-bench/bin/python -m "benchmarks.$$benchmark"; \
	done
	@echo
	@echo 'The other benchmarks take recordings: docs/benchmarks.md has the command for each.'
	@echo '`make tables` writes these results into README and docs.'

tables: bench-environment
	@.venv-bench/bin/python -m benchmarks.tables

clean:
	rm -rf .venv .venv-test .venv-bench build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find $(CODE) -name __pycache__ -type d -prune -exec rm -rf {} +

environment:
	@scripts/system-packages run
	@scripts/environment .venv

test-environment:
	@scripts/system-packages test
	@scripts/environment .venv-test test,lint

# What users have, without torch, and a rival to measure beside it.
bench-environment:
	@scripts/system-packages run
	@scripts/environment .venv-bench bench
