# Everything that a developer types. `make help` lists it.
.DEFAULT_GOAL := help
SHELL := /bin/bash
export UV_PYTHON_DOWNLOADS := never

# uv from PATH, else one of our own: Debian's pip refuses to install into the system, but not into a folder.
UV_VERSION := 0.13.9
UV := $(shell command -v uv || echo .tools/uv/bin/uv)
RUN := .venv/bin
# A file to a worker. Three on two cores: servers and jobs are waited for, and two left a third of the time unused.
WORKERS := -n 3 --dist loadfile

.PHONY: help setup demo test test-servers test-crash test-soak test-walks check format lock bench-loader-memory bench-preflight bench-resume bench-validate bench-views clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-20s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/.synced ## install everything into .venv, from the lock file

.venv/.synced: uv.lock pyproject.toml | $(UV)
	$(UV) sync --frozen --compile-bytecode --quiet
	@touch $@

.tools/uv/bin/uv:
	python3 -m pip install --quiet --disable-pip-version-check --target .tools/uv uv==$(UV_VERSION)

demo: setup ## migrate a generated sample shop on this machine and print the report
	$(RUN)/tableferry local demo

test: setup ## run every test, on real servers that it starts itself (or TABLEFERRY_TEST_MYSQL_URL)
	$(RUN)/pytest $(WORKERS)

test-servers: setup ## run only the tests whose outcome depends on the SQL server
	$(RUN)/pytest $(WORKERS) -m "server and not once"

test-crash: setup ## kill everything at every point of the lifecycle, resume, and compare
	$(RUN)/pytest tests/crash/every_point.py

KILLS ?= 200
SECONDS_LIMIT ?= 3600
test-soak: setup ## random kills over a migration of 20 tables (KILLS=200 SECONDS_LIMIT=3600 SEED=...)
	TABLEFERRY_SOAK_KILLS=$(KILLS) TABLEFERRY_SOAK_SECONDS=$(SECONDS_LIMIT) $(if $(SEED),TABLEFERRY_SOAK_SEED=$(SEED)) \
		$(RUN)/pytest tests/crash/soak.py

WALKS ?= 200
test-walks: setup ## random changes between random commands, against a model of what must be (WALKS=200)
	TABLEFERRY_WALKS=$(WALKS) $(RUN)/pytest -n 3 --dist load tests/loader/test_walks.py

check: setup ## format, lint, types, import rules, lock file
	$(RUN)/ruff format --check .
	$(RUN)/ruff check .
	$(RUN)/mypy
	$(RUN)/lint-imports
	$(UV) lock --check --quiet

format: setup ## format the code and mend what ruff can mend
	$(RUN)/ruff format .
	$(RUN)/ruff check --fix .

lock: | $(UV) ## resolve the dependencies again
	$(UV) lock

bench-loader-memory: setup ## peak memory of the loader at 10,000 and 500,000 rows
	$(RUN)/python -m tests.benchmarks.loader_memory

bench-preflight: setup ## time and peak memory of a preflight, by SQL and by a run (ROWS=5000000)
	$(RUN)/python -m tests.benchmarks.preflight $(or $(ROWS),5000000)

bench-resume: setup ## seconds from `resume` to its first new write, 490 of 500 chunks done, beside a run from nothing
	$(RUN)/pytest -q tests/e2e/resume_time.py

bench-validate: setup ## time and peak memory of a load and of its full validation (ROWS=1000000)
	$(RUN)/python -m tests.benchmarks.validation $(or $(ROWS),1000000)

bench-views: setup ## what reading a view costs against the best hand-written query (TABLEFERRY_BENCH_URLS adds servers)
	$(RUN)/python -m tests.benchmarks.views

clean: ## remove what setup and the tests made
	rm -rf .venv .tools .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache demo-output
