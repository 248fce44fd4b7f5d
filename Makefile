# `make` lists the commands. Everything they need is installed into this folder and listens on 127.0.0.1 only.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.ONESHELL:

SUITABLE := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))
# The first that really runs: a version manager may put a name on the PATH that leads nowhere.
PYTHON ?= $(shell for name in python3.11 python3.12 python3; do \
	$$name -c '$(SUITABLE)' 2>/dev/null && echo $$name && break; done)
# Compiled modules are kept: a container's image may say otherwise, and then every command compiles its own anew.
export PYTHONDONTWRITEBYTECODE :=
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
UV := uv==0.13.9
PIP_AUDIT := pip-audit==2.10.1
JAVA := $(shell find ksqlflink/java/src local/maven -name '*.java' -not -path '*/target/*' 2>/dev/null)
JAVA_FORMAT := $(VENV)/google-java-format-1.25.2-all-deps.jar

# Where `make acceptance` goes: include/targets/$(TARGET).yaml
TARGET ?= $(or $(MACD_TARGET),local)

.PHONY: help run acceptance test test-unit lint audit browser format up down status logs reset requirements architecture bench clean \
	env docker compose-up compose-run compose-status compose-down compose-reset

COMPOSE := docker compose --profile core --profile airflow --profile tools
# The host's commands reach the containers by the values of .env.
IN_COMPOSE := set -a; source .env; MACD_TARGET=compose; MACD_AIRFLOW_PASSWORD=$$AIRFLOW_ADMIN_PASSWORD; \
	MACD_AIRFLOW_URL=http://127.0.0.1:$${MACD_COMPOSE_AIRFLOW_PORT:-28080}; set +a

help: ## Show this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  \033[36m%-14s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(INSTALLED) ## Set up everything, run the pipeline, print the data-quality report (RUN_ARGS="--orders 1000")
	@$(BIN)/macd local up
	$(BIN)/macd run $(RUN_ARGS)

acceptance: $(INSTALLED) ## Prove the whole promise on services that run, and leave nothing there (TARGET=compose)
	@if [ "$(TARGET)" = compose ]; then
		if [ ! -f .env ]; then
			echo "error  There is no .env, so no containers of docker-compose.yaml to prove anything on." >&2
			echo "remedy Write it and start them: make env, make compose-up" >&2
			exit 4
		fi
		$(IN_COMPOSE)
	fi
	MACD_TARGET=$(TARGET) $(BIN)/macd acceptance $(ACCEPTANCE_ARGS)

test: $(INSTALLED) browser ## Set up everything and run all tests: real stack, real Airflow, real browser
	@exec $(BIN)/python -m tests.lanes $(TEST_ARGS)

test-unit: $(INSTALLED) ## Run only the tests that need no stack
	@exec $(BIN)/python -m tests.lanes --only unit $(TEST_ARGS)

lint: $(INSTALLED) $(VENV)/.java-linted ## Check style and types, also of Java, and the workflows where there is Go
	@$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	if ! actionlint="$$(go tool -C .github/actionlint -n actionlint 2>/dev/null)"; then
		echo "actionlint could not be built, for lack of Go 1.25 or its modules: .github/workflows is not checked."
		[ -z "$${GITHUB_ACTIONS:-}" ] && exit 0 || exit 4
	fi
	"$$actionlint" .github/workflows/*.yaml

# Make skips this until a file changes: Maven takes half a minute.
$(VENV)/.java-linted: $(JAVA) ksqlflink/java/pom.xml $(JAVA_FORMAT)
	@echo "==> checking the Java"
	if ! java -jar $(JAVA_FORMAT) --dry-run --set-exit-if-changed $(JAVA); then
		echo "remedy These are not formatted: make format" >&2
		exit 1
	fi
	mvn --batch-mode -Dorg.slf4j.simpleLogger.defaultLogLevel=warn \
		--file ksqlflink/java/pom.xml --activate-profiles lint test-compile
	touch $@

$(JAVA_FORMAT): $(INSTALLED)
	@artifact=com.google.googlejavaformat:google-java-format:1.25.2:jar:all-deps
	mvn --batch-mode --quiet --strict-checksums \
		org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy -Dartifact=$$artifact -DoutputDirectory=$(VENV)
	touch $@

audit: $(INSTALLED) ## Ask PyPI for known vulnerabilities of everything that is pinned; needs the internet
	@for pins in requirements.txt requirements-dev.txt; do
		$(BIN)/uv tool run $(PIP_AUDIT) --disable-pip --require-hashes -r $$pins && continue
		echo "error  $$pins: there are findings above, or the advisories could not be asked for." >&2
		echo "remedy Raise what is named (make requirements); without internet, run it where there is." >&2
		exit 5
	done

browser: ## Install Chromium for the browser tests, where apt-get may do that
	@if command -v chromium chromium-browser google-chrome >/dev/null; then exit 0; fi
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
		echo "==> installing Chromium for the browser tests"
		export DEBIAN_FRONTEND=noninteractive
		apt-get update -qq && apt-get install -qq -y --no-install-recommends chromium fonts-dejavu-core >/dev/null && exit 0
	fi
	echo "There is no Chromium; the browser tests will be skipped (in CI they fail). Install it with your package manager."

format: $(INSTALLED) $(JAVA_FORMAT) ## Format the code and fix what can be fixed safely
	@$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	java -jar $(JAVA_FORMAT) --replace $(JAVA)

up: $(INSTALLED) ## Start the local stack and Airflow
	@$(BIN)/macd local up

down: $(INSTALLED) ## Stop everything; data stays
	@$(BIN)/macd local down

status: $(INSTALLED) ## Show the state of the stack and of the pipeline
	@$(BIN)/macd local status
	$(BIN)/macd status

logs: $(INSTALLED) ## Follow the logs of the stack
	@$(BIN)/macd local logs -f

reset: $(INSTALLED) ## Stop everything and delete its data
	@$(BIN)/macd local reset

env: $(INSTALLED) ## Write .env with generated secrets for docker-compose.yaml; never overwrites one
	@$(BIN)/macd compose env

docker:
	@docker compose version >/dev/null 2>&1 && exit 0
	echo "error  There is no Docker with Compose on this machine." >&2
	echo "remedy Install both (docs.docker.com/compose/install), or run the local stack instead: make run" >&2
	exit 4

.PHONY: compose-check compose-pin
compose-check: docker env ## Say what the containers may take, and refuse what Docker has no room for
	@capacity="$$(docker info --format='--cpus={{.NCPU}} --memory={{.MemTotal}}')"
	$(COMPOSE) config --format json | $(BIN)/macd compose check $$capacity

compose-pin: docker env ## Write docker-compose.digests.yaml: the digests that the images' tags have now
	@$(COMPOSE) config --lock-image-digests --output docker-compose.digests.yaml \
		kafka schema-registry ksqldb mongodb mailpit postgres
	echo "Add it to COMPOSE_FILE in .env: COMPOSE_FILE=docker-compose.yaml:docker-compose.digests.yaml"

compose-up: compose-check ## Build and start docker-compose.yaml: Confluent's images, MongoDB, Airflow; needs Docker
	@$(COMPOSE) build
	$(COMPOSE) up --detach --wait --wait-timeout 1800
	$(IN_COMPOSE)
	echo "Airflow  $$MACD_AIRFLOW_URL  user admin, password AIRFLOW_ADMIN_PASSWORD in .env"

compose-run: env ## Run the pipeline there and print the data-quality report (RUN_ARGS="--orders 1000")
	@$(IN_COMPOSE)
	$(BIN)/macd run $(RUN_ARGS)

compose-status: docker env ## Show the containers and the state of the pipeline there
	@$(IN_COMPOSE)
	$(COMPOSE) ps
	$(BIN)/macd status

compose-down: docker env ## Stop the containers; data stays
	@$(COMPOSE) down

compose-reset: docker env ## Stop the containers and delete their data
	@$(COMPOSE) down --volumes

requirements: $(INSTALLED) ## Resolve pyproject.toml anew into the two pinned requirements files
	@common="--universal --python-version 3.11 --generate-hashes --no-annotate --no-header --quiet --upgrade --no-emit-package ksqlflink"
	$(BIN)/uv pip compile $$common pyproject.toml -o requirements.txt
	$(BIN)/uv pip compile $$common pyproject.toml --extra dev -c requirements.txt -o requirements-dev.txt
	echo setuptools | $(BIN)/uv pip compile $${common/--upgrade/} - -c requirements-dev.txt -o docker/build-requirements.txt

architecture: ## Draw assets/architecture.png from its source (needs graphviz)
	@dot -Tpng -Gdpi=144 assets/architecture.dot -o assets/architecture.png

bench: $(INSTALLED) ## Run the benchmarks
	@for script in benchmarks/*.py; do $(BIN)/python "$$script"; done

clean: ## Remove the virtual environment and caches; the stack's data and downloads stay
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis

# pip is the fallback because it honours a pip.conf (a company's index), which uv does not read.
$(INSTALLED): requirements-dev.txt pyproject.toml ksqlflink/pyproject.toml
	@python="$(PYTHON)"
	if [ -z "$$python" ] || ! $$python -c '$(SUITABLE)'; then
		echo "error  Python 3.11 or 3.12 is needed; found: $$(python3 --version 2>&1 || echo none)" >&2
		echo "remedy Install it, or name it: make PYTHON=/path/to/python3.11 ..." >&2
		exit 4
	fi
	echo "==> installing Python packages into $(VENV)"
	$$python -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(UV)
	install_all() { "$$@" install --quiet --require-hashes -r requirements-dev.txt; }
	install_all $(BIN)/uv pip || install_all $(BIN)/python -m pip
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e ksqlflink -e .
	touch $@
