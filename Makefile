# Everything from a fresh clone: Python 3.11 or newer, make and the package registries are all that is needed.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PY := .venv/bin/python
PIP := $(PY) -m pip install --quiet --disable-pip-version-check --no-input
# The newest that the shop is tested with comes first; PYTHON=/path/to/python chooses another.
PYTHON ?=
ARGS ?=

.PHONY: help run dev test test-long test-fresh check bench lock clean

help: ## what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

run: .make/runtime ## serve shop, back office and webhooks on one port
	@exec $(PY) -m shop_app serve

dev: .make/runtime ## the same with hot reload
	@exec .venv/bin/reflex run --frontend-port $${PORT:-3000}

test: .make/runtime .make/dev .make/browser .make/programs ## the whole suite; ARGS="-k cart" goes to pytest
	@exec $(PY) -m tests.run $(ARGS)

test-long: .make/runtime .make/dev .make/browser .make/programs ## the same through a night: 3,000 kills, 1,000 rounds of each race, 10,000 examples, mutants
	@SHOP_TESTS_LONG=1 $(PY) -m tests.run $(ARGS)
	@exec $(PY) -m tests.mutants

test-fresh: .make/runtime .make/dev ## on bare Debian 12, 13 and unstable (root, debootstrap): from a clone to a paid order and the suite's short parts
	@exec $(PY) -m tests.fresh $(ARGS)

check: .make/runtime .make/dev ## formatting, lint, types, and the rule between the rooms
	@$(PY) -m ruff format --check --quiet . || { echo "Some files aren't formatted: .venv/bin/ruff format"; exit 1; }
	@$(PY) -m ruff check --quiet .
	@PYRIGHT_PYTHON_IGNORE_WARNINGS=1 .venv/bin/pyright --level error
	@$(PY) -m pytest -q --no-header tests/house/test_house.py

bench: .make/runtime .make/dev .make/browser .make/programs ## the benchmarks; tables here, JSON below bench/results/
	@exec $(PY) -m bench $(ARGS)

# Universal: the same files serve every platform and Python, with the hashes of all their wheels.
COMPILE := .venv/bin/uv pip compile --quiet --universal --no-strip-extras --generate-hashes --python-version 3.11 \
	--no-emit-index-url
lock: .make/runtime ## compile requirements*.in anew, with the hash of every file that may be installed
	@$(PIP) uv==0.13.9
	@$(COMPILE) requirements.in -o requirements.txt
	@$(COMPILE) requirements-dev.in -o requirements-dev.txt

clean: ## forget the virtual environment and the built front end; data/ stays
	@rm -rf .venv .make .web .web.lock .node

.venv/pyvenv.cfg:
	@found=; \
	for candidate in "$(PYTHON)" python3.11 python3.12 python3.13 python3.14 python3 python; do \
		[ -n "$$candidate" ] && command -v "$$candidate" >/dev/null 2>&1 || continue; \
		"$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 || continue; \
		found="$$candidate"; break; \
	done; \
	if [ -z "$$found" ]; then \
		echo "The shop needs Python 3.11 or newer, and none was found. Install it, or say where it is: make run PYTHON=/path/to/python3.11" >&2; exit 1; \
	fi; \
	if ! "$$found" -c 'import venv, ensurepip' >/dev/null 2>&1; then \
		echo "$$found can't make virtual environments. On Debian and Ubuntu: apt install $$("$$found" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')" >&2; exit 1; \
	fi; \
	echo "Making a virtual environment in .venv with $$("$$found" --version) …"; \
	"$$found" -m venv .venv || { rm -rf .venv; exit 1; }; \
	touch .venv/pyvenv.cfg

.make/runtime: requirements.txt .venv/pyvenv.cfg
	@echo "Installing what the shop needs; this happens once …"
	@$(PIP) --require-hashes -r requirements.txt
	@mkdir -p .make && touch $@

.make/dev: requirements-dev.txt .make/runtime
	@echo "Installing what the tests need; this happens once …"
	@$(PIP) --require-hashes -r requirements-dev.txt
	@mkdir -p .make && touch $@

.make/browser: .make/dev
	@$(PY) -m tests.browser && mkdir -p .make && touch $@ || true

.make/programs: .make/dev tests/programs.py
	@$(PY) -m tests.programs && mkdir -p .make && touch $@ || true
