# Everything here works on a fresh Debian 12 with git, Python 3.11, make and Go 1.21 or later.
SHELL := /bin/bash
.DEFAULT_GOAL := help
BIN := .venv/bin
WEB := $(shell git ls-files web/src web/public web/index.html web/vite.config.ts)
# Node.js is a wheel among the locked ones; Debian's own is too old.
NPM := PATH="$(CURDIR)/.venv/bin:$$PATH" npm
GO_MODULES := simulators/vcenter tools/govc
FUNCTIONAL := $(addprefix tests/functional/,simulators vsphere adoption op sandbox cinder neutron nova/api nova/compute)

.PHONY: help setup check unit functional e2e test demo down bench lock web web-client web-check

help: ## Show this list
	@grep -E '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

setup: .venv/ready ## Install what everything else needs into .venv

.venv/ready: requirements.lock pyproject.toml tools/setup
	tools/setup
	@touch $@

demo: setup web ## Start the sandbox, build servers where asked, and end in the operations platform
	$(BIN)/polyvisor sandbox up --op --second-vcenter $(shell [ "$$(id -u)" = 0 ] && echo --kvm --second-cloud)
	$(BIN)/polyvisor sandbox demo

down: setup ## Stop the sandbox that `make demo` started
	$(BIN)/polyvisor sandbox down

check: setup web-check ## Lint, types, imports; of the web UI its unit tests too
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@for module in $(GO_MODULES); do (cd $$module && test -z "$$(gofmt -l .)" && go vet ./...) || exit 1; done

# Cinder and Nova have options of the same names: no process can have both.
unit: setup ## Tests without any I/O
	$(BIN)/pytest tests/unit --ignore tests/unit/cinder -n 2
	$(BIN)/pytest tests/unit/cinder

# Nova and Neutron keep their state for a whole process: each part gets one of its own.
functional: setup ## Tests of each piece against real parts
	cd simulators/vcenter && go test ./...
	@failed=; for part in $(FUNCTIONAL); do echo "== $$part"; $(BIN)/pytest $$part -n 2 || failed="$$failed $$part"; done; \
	  test -z "$$failed" || { echo "Failed:$$failed"; exit 1; }

# Two sandboxes share the files; those that take long are not last.
e2e: setup web ## Tests of the whole sandbox, in sandboxes beside a running demo
	$(BIN)/pytest tests/e2e -n 2 --dist loadfile --no-loadscope-reorder --timeout 1200

test: unit functional e2e ## All tests

web/node_modules/ready: web/package-lock.json | .venv/ready
	cd web && $(NPM) ci --no-audit --no-fund
	@touch $@

web: src/polyvisor/op/web/index.html ## Build the web UI

src/polyvisor/op/web/index.html: web/node_modules/ready $(WEB)
	cd web && $(NPM) run --silent build -- --logLevel warn

web-client: web/node_modules/ready ## Make the web UI's typed client anew from the API
	$(BIN)/polyvisor op openapi > web/openapi.json
	cd web && $(NPM) run --silent client

web-check: web/node_modules/ready ## Lint, types, unit tests of the web UI; whether its client is current
	$(BIN)/polyvisor op openapi | diff --brief - web/openapi.json || { echo "web/openapi.json is old: make web-client"; exit 1; }
	cd web && $(NPM) run --silent check

bench: setup web ## The figures that are promised, beside those that are measured
	$(BIN)/python -m benchmarks.inventory
	$(BIN)/python -m benchmarks.neutron
	$(BIN)/python -m benchmarks.adoption
	$(BIN)/python -m benchmarks.op_inventory
	$(BIN)/python -m benchmarks.web

lock: setup ## Resolve the pinned versions anew
	$(BIN)/uv pip compile pyproject.toml --all-extras --upgrade --quiet --no-emit-index-url \
	  --no-emit-find-links --generate-hashes --python-version 3.11 -o requirements.lock
