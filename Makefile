# Everything a person or CI types. Nothing but Python 3.11, make and the package registries is assumed.
# Paths are relative, so a clone may lie in a folder with a space in its name.

PYTHON ?= python3
PY := .venv/bin/python
STAMP := .venv/.installed
PROJECTS := . billing_api auth_api admin_panel yookassa_sandbox

.DEFAULT_GOAL := help
.PHONY: help demo up down status logs reset env test exam kills fuzz bench check format errors access lock install

help: ## Print this help
	@printf 'The billing suite. Usage: make <command>\n\n'
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  %-8s %s\n", $$1, $$2}' Makefile

$(STAMP): requirements/uv.txt requirements/dev.txt $(PROJECTS:%=%/pyproject.toml) launcher/bootstrap.sh
	@PYTHON="$(PYTHON)" sh launcher/bootstrap.sh
	@touch $(STAMP)

install: $(STAMP) ## Make the virtual environment from the hashed lock

demo: $(STAMP) ## Start the suite and drive the main job through it, step by step
	@$(PY) -m launcher.cli demo

up: $(STAMP) ## Start the suite in the background, back when healthy
	@$(PY) -m launcher.cli up

down: $(STAMP) ## Stop the suite, its data stays
	@$(PY) -m launcher.cli down

status: $(STAMP) ## One line a process: pid, port, health, memory, uptime, restarts
	@$(PY) -m launcher.cli status

logs: $(STAMP) ## Follow the logs; SERVICE=, LEVEL=, REQUEST=, LAST=, WHOLE_IDS=1, FOLLOW=0
	@$(PY) -m launcher.cli logs

reset: $(STAMP) ## Stop the suite and delete its local state
	@$(PY) -m launcher.cli reset

env: $(STAMP) ## KEY=VALUE lines for a shell's eval
	@$(PY) -m launcher.cli env

test: $(STAMP) ## Everything that must pass, from a bare clone
	@sh tests/run.sh

exam: $(STAMP) ## Try to lose, double or misplace money, with controls; EXAM=name, TRIALS=n, SEED=n
	@$(PY) tests/exams/exam.py $(if $(EXAM),--only $(EXAM)) $(if $(TRIALS),--trials $(TRIALS)) $(if $(SEED),--seed $(SEED))

kills: $(STAMP) ## Kill processes under load 200 times (KILLS=n), with a control; half an hour
	@$(PY) tests/exams/kills.py --kills $(or $(KILLS),200)

fuzz: $(STAMP) ## Send both descriptions about 7 000 cases each, as everybody; some minutes
	@$(PY) tests/exams/fuzz.py

bench: $(STAMP) ## Measure against the database's own limit and others, as ratios; some minutes
	@env -u BASE_URL -u VAR_DIR PYTHONPATH=bench:tests/exams $(PY) bench/run.py

check: $(STAMP) ## Format, lint, types, import contracts, sizes
	@$(PY) -m ruff format --check .
	@$(PY) -m ruff check .
	@$(PY) -m mypy billing_api/billing auth_api/auth admin_panel/panel yookassa_sandbox/sandbox launcher
	@.venv/bin/lint-imports
	@$(PY) tests/house.py

format: $(STAMP) ## Put the code into the one format
	@$(PY) -m ruff format .
	@$(PY) -m ruff check --fix --quiet .

errors: $(STAMP) ## Make docs/errors.md from what the services declare
	@$(PY) docs/generate_errors.py > docs/errors.tmp && mv docs/errors.tmp docs/errors.md

access: $(STAMP) ## Make docs/access.md from contracts/access
	@$(PY) docs/generate_access.py > docs/access.tmp && mv docs/access.tmp docs/access.md

lock: ## Resolve the versions anew, as hashed requirements that name no registry
	@sh requirements/lock.sh
