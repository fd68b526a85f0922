# Everything a developer does here. `make` alone lists it.
.DEFAULT_GOAL := help
.NOTPARALLEL:
.SUFFIXES:

export LC_ALL := C.UTF-8
export PYTHONUTF8 := 1
# Without compiled modules every start of a program would take seconds longer.
unexport VIRTUAL_ENV PYTHONHOME PYTHONPATH PYTHONDONTWRITEBYTECODE

PY := .venv/bin/python
STAMP := .venv/.installed
HOST ?= 127.0.0.1
PORT ?= 8000
VAR_DIR ?= var
ARGS ?=
CORES := $(shell nproc)
# One more than there are cores: some tests wait for processes of their own.
JOBS ?= $(shell expr $(CORES) + 1)
LOCKS := dev base prod simulator telemetry

demo_options := $(if $(filter-out 0,$(ONCE)),--once) $(if $(filter-out 0,$(KILL_WORKER)),--kill-worker) --port $(PORT)
# Nobody reads a test's database after a power cut, which is all that waiting for the disk at every commit is for.
pytest = PGOPTIONS="$$PGOPTIONS -c synchronous_commit=off" \
	$(PY) scripts/with_services.py -- $(PY) -m pytest -n $(JOBS) --dist worksteal
heading = @printf '\n--- %s\n' "$(1)"

.PHONY: help
help: ## this list
	@echo "Smart Fuel Pass integration platform"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

.PHONY: install
install: $(STAMP) ## make .venv and install what requirements/dev.txt locks
	@:

$(STAMP): requirements/dev.txt
	@scripts/install.sh $@

.PHONY: demo
demo: install ## the platform, its worker and simulated CPOs on this machine (PORT=8000, ONCE=1, KILL_WORKER=1)
	@$(PY) manage.py demo $(demo_options) $(ARGS)

.PHONY: stripe-live
stripe-live: install ## one charge paid through Stripe itself, in its test mode (STRIPE_SECRET_KEY=sk_test_...)
	@$(PY) manage.py demo --once --stripe test-mode $(ARGS)

.PHONY: run
run: install ## the web server on http://HOST:PORT, migrations applied
	@$(PY) manage.py migrate --verbosity 0
	@$(PY) -m sfp_platform.web.serve --host $(HOST) --port $(PORT) $(ARGS)

.PHONY: worker
worker: install ## a Celery worker for all queues, with beat in it
	@mkdir -p "$(VAR_DIR)"
	@$(PY) -m celery -A sfp_platform worker --beat --schedule "$(VAR_DIR)/beat-schedule" \
		--pool threads --concurrency 8 --queues engine,push,sync,mail --loglevel INFO $(ARGS)

.PHONY: simulator
simulator: install ## a simulated CPO (ARGS="..." for its options)
	@$(PY) -m cpo_simulator $(ARGS)

.PHONY: test
test: install ## the whole suite on real PostgreSQL and Redis (a part of it: ARGS="tests/billing")
	$(call heading,tests)
ifeq ($(ARGS),)
	@$(pytest) --cov
else
	@$(pytest) $(ARGS)
endif

.PHONY: check
check: install ## everything that must hold before a change lands
	@$(MAKE) --no-print-directory sources STEPS="$(filter-out types,$(STEPS))"
# mypy takes as long as all other sources together, on one core: beside the tests, which it does not hold up.
	@said=$$(mktemp); $(MAKE) --no-print-directory types >"$$said" 2>&1 & types=$$!; \
		trap 'kill $$types' INT TERM; \
		$(MAKE) --no-print-directory test; tested=$$?; \
		wait $$types; typed=$$?; cat "$$said"; rm "$$said"; exit $$((tested + typed))
	@$(MAKE) --no-print-directory scenarios-once
	@printf '\ncheck: all of it holds\n'

# The longest first. Each uses one core, and prints when it is done.
STEPS := types openapi audit lint contracts migrations deploy

.PHONY: sources
sources: install ## what needs no server: ruff, mypy, contracts, migrations, settings, API documents; several at once
	@printf '%s\n' $(STEPS) | xargs -P $(CORES) -I STEP sh -c \
		'said=$$($(MAKE) --no-print-directory STEP 2>&1); code=$$?; printf "%s\n" "$$said"; exit $$code'

.PHONY: lint
lint: install ## ruff: rules and format
	$(call heading,ruff check)
	@$(PY) -m ruff check .
	$(call heading,ruff format --check)
	@$(PY) -m ruff format --check .

.PHONY: format
format: install ## let ruff format and fix the sources
	@$(PY) -m ruff check --fix-only .
	@$(PY) -m ruff format .

.PHONY: types
types: install ## mypy
	$(call heading,mypy)
	@$(PY) -m mypy .

.PHONY: contracts
contracts: install ## import-linter: who may import whom
	$(call heading,import contracts)
	@.venv/bin/lint-imports

.PHONY: migrations
migrations: install ## no model change without its migration, and none edited or removed
	$(call heading,makemigrations --check)
	@DATABASE_URL=sqlite://:memory: $(PY) manage.py makemigrations --check --dry-run
	@$(PY) scripts/migrations_lock.py

.PHONY: deploy
deploy: install ## Django's deployment checks on the production settings
	$(call heading,check --deploy)
	@$(PY) scripts/production_check.py

.PHONY: audit
audit: install ## known vulnerabilities of what is locked, where Python's index answers
	$(call heading,pip-audit)
	@$(PY) scripts/audit.py

.PHONY: openapi
openapi: install ## the API documents (driver's, and one per OCPI version) are valid and without warnings
	$(call heading,OpenAPI document)
	@DATABASE_URL=sqlite://:memory: $(PY) manage.py spectacular --validate --fail-on-warn --file /dev/null
	@DATABASE_URL=sqlite://:memory: $(PY) manage.py ocpi_schema --validate --fail-on-warn

DIR ?= ../shared/ocpi-examples

.PHONY: spec-examples
spec-examples: install ## the specification's own examples through the platform (DIR=folder)
	@$(PY) manage.py spec_examples "$(DIR)"

.PHONY: interop
interop: install ## every OCPI feature with a simulated CPO in every version
	@$(PY) manage.py interop

.PHONY: extrawest
extrawest: install ## a charge at a CPO that nobody here wrote: the package extrawest-ocpi, in 2.1.1 and 2.2.1
	@$(PY) scripts/with_services.py -- $(PY) -m pytest --no-cov -m heavy tests/extrawest $(ARGS)

.PHONY: heavy
heavy: install ## the tests that make load on purpose: fuzzing of every OCPI version, a small torture, many examples
	@$(PY) scripts/with_services.py -- $(PY) -m pytest -n 2 --no-cov -m heavy $(ARGS)
ifeq ($(ARGS),)
	@SFP_PROPERTY_TIMES=10 $(pytest) --no-cov -m "hypothesis and not heavy"
endif

.PHONY: scenarios
scenarios: install ## every scripted misbehaviour of a CPO, in every version (ARGS="NAME... --version V")
	@$(PY) manage.py scenarios $(ARGS)

.PHONY: scenarios-once
scenarios-once: install ## each of them in one version
	$(call heading,scenarios)
	@$(PY) manage.py scenarios --once $(ARGS)

.PHONY: mutants
mutants: install ## a small fault for each session rule: do the tests notice?
	@$(PY) scripts/with_services.py -- $(PY) scripts/mutate_rules.py $(ARGS)

.PHONY: torture
torture: install ## charges while everything is killed (SEED=n SESSIONS=200 MINUTES=3 GATEWAY=stripe)
	@$(PY) -m rehearsal.bench.torture $(if $(SEED),--seed $(SEED)) --sessions $(or $(SESSIONS),200) \
		--minutes $(or $(MINUTES),3) --gateway $(or $(GATEWAY),simulated) $(ARGS)

.PHONY: long-run
long-run: install ## an hour of pushes and charges with restarts in it (MINUTES=60 PUSHES=200 CHARGES=60 EVERY=5)
	@$(PY) -m rehearsal.bench.long_run --minutes $(or $(MINUTES),60) --pushes $(or $(PUSHES),200) \
		--charges $(or $(CHARGES),60) --every $(or $(EVERY),5) $(ARGS)

.PHONY: screenshots
screenshots: install ## a CPO onboarded in a real browser, with a picture of every page in var/screenshots/
	@$(PY) -m rehearsal.walkthrough $(ARGS)

.PHONY: bench
bench: install ## figures against rivals on this machine (ARGS="ingest", "engine", "pull", "pages")
	@$(PY) scripts/with_services.py -- $(PY) -m rehearsal.bench.run $(ARGS)

.PHONY: lock
lock: install ## lock requirements/*.in with hashes (UPGRADE=1 for newer versions)
	@cd requirements && for name in $(LOCKS); do \
		echo "requirements/$$name.txt"; \
		../.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
			$(if $(UPGRADE),--upgrade) $$name.in -o $$name.txt || exit 1; \
	done

.PHONY: clean
clean: ## remove .venv and all caches; var/ (local data) stays
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis htmlcov .coverage .coverage.*
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
