SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# The first of these that is Python 3.13; .python-version makes pyenv's python3 the right one.
ifndef PYTHON
PYTHON := $(shell for name in python3.13 python3; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 13))' 2>/dev/null && { echo "$$name"; break; }; done)
endif
SAM_PYTHON := .local/sam/bin/python
DEV_PYTHON := .venv/bin/python

# The SAM CLI finds its builders' Python first on the PATH, and nothing of ours to import.
SAM := env -u PYTHONPATH PATH="$(CURDIR)/.local/sam/bin:$$PATH" .local/sam/bin/sam
# Where `make deploy` keeps its answers; git ignores it.
CONFIG_FILE ?= $(CURDIR)/samconfig.local.toml
ELSOM := .local/elsom/bin/python -m cli --env "$(or $(ENV),default)" --config-file "$(CONFIG_FILE)"

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
export PYTHONPATH := $(CURDIR)/layers/payments:$(CURDIR)/clients/python:$(CURDIR)

.PHONY: help run stop status logs second test lint format bench simulate build deploy rehearse generated screenshots requirements release clean python elsom-ready

help: ## This list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: python ## Local AWS and Elsom sandbox, deployed, one payment taken to `paid` (AWS_PORT, SANDBOX_PORT)
	@"$(PYTHON)" -m tools.environments run local-aws
	@$(SAM_PYTHON) -m tools.local up

stop: ## End what `make run` started
	@if [ -x $(SAM_PYTHON) ]; then $(SAM_PYTHON) -m tools.local stop; else echo "Nothing is running."; fi

status: ## What is running, and the URLs to open
	@if [ -x $(SAM_PYTHON) ]; then $(SAM_PYTHON) -m tools.local status; else echo "Nothing is running: make run"; fi

logs: ## The latest lines that the functions and servers of `make run` wrote
	@if [ -x $(SAM_PYTHON) ]; then $(SAM_PYTHON) -m tools.local logs; else echo "Nothing is running: make run"; fi

second: python ## Another stack on the local AWS, with its secret left empty (STACK=name)
	@"$(PYTHON)" -m tools.environments run local-aws
	@$(SAM_PYTHON) -m tools.local second --stack "$(STACK)"

test: python ## Every check and test; STRICT=1 lets nothing be skipped
	@"$(PYTHON)" -m tools.environments dev run local-aws elsom audit
	@$(DEV_PYTHON) -m tools.run_tests $(PARTS)

lint: python ## Style, types, import directions, template
	@"$(PYTHON)" -m tools.environments dev elsom audit
	@$(DEV_PYTHON) -m tools.run_tests lint

format: python ## Put the code into the project's style
	@"$(PYTHON)" -m tools.environments dev
	@$(DEV_PYTHON) -m ruff check --fix-only --quiet .
	@$(DEV_PYTHON) -m ruff format .

bench: python ## Time and cost of a payment, against the budgets
	@"$(PYTHON)" -m tools.environments dev run local-aws
	@$(DEV_PYTHON) -m tests.bench

simulate: python ## Payments through random failures under a virtual clock (SEED, PAYMENTS, TRACE, UNKINDNESS)
	@"$(PYTHON)" -m tools.environments dev
	@$(DEV_PYTHON) -m tests.simulation

build: python ## Build functions and layer into .aws-sam, as they are deployed
	@"$(PYTHON)" -m tools.environments run
	@$(SAM) build

deploy: python ## Ask five things, look at the account, build, deploy to the real AWS (ENV=dev, staging or prod; STACK=name)
	@"$(PYTHON)" -m tools.environments run elsom
	@$(ELSOM) $(if $(STACK),--stack "$(STACK)") configure
	@$(if $(filter no,$(PREFLIGHT)),,$(ELSOM) preflight)
	@$(SAM) build
	@$(SAM) deploy --config-file "$(CONFIG_FILE)" --config-env "$(or $(ENV),default)"
	@echo "$$LEFT_TO_DO"

rehearse: python ## A throw-away stack's whole life on the real AWS, half an hour, a few cents (ALARM_EMAIL=who)
	@"$(PYTHON)" -m tools.environments run elsom
	@$(SAM) build
	@$(ELSOM) rehearse --alarm-email "$(ALARM_EMAIL)"

generated: python ## Files in docs/ that are made of the code: OpenAPI, event schemas, states
	@"$(PYTHON)" -m tools.environments dev
	@$(DEV_PYTHON) -m tools.generated

screenshots: python ## Pictures of every page in three languages, into docs/screenshots
	@"$(PYTHON)" -m tools.environments dev run local-aws
	@$(DEV_PYTHON) -m tests.browser.screenshots

requirements: python ## Pin requirements/*.in again, with hashes and the newest versions that fit
	@"$(PYTHON)" -m tools.environments bootstrap
	@"$(PYTHON)" -m tools.pin

release: python ## Check everything, then set the tag of a release (VERSION=1.0.0); pushes nothing
	@"$(PYTHON)" -m tools.environments dev run local-aws elsom audit
	@$(DEV_PYTHON) -m tools.release "$(VERSION)"

clean: stop ## Stop, and remove everything built or installed here
	@rm -rf .local .venv .aws-sam .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

elsom-ready: python
	@"$(PYTHON)" -m tools.environments elsom

python:
	@if [ -z "$(PYTHON)" ]; then \
		echo "Error: Python 3.13 is needed, as python3.13 or python3; this one is $$(python3 --version 2>&1 || echo missing)."; \
		exit 1; fi
