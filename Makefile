# phasemig. `make help` lists what can be done.

SHELL       := bash
.SHELLFLAGS := -eu -o pipefail -c
GO          ?= go
# A server for `make demo`: postgres, mysql or mariadb.
SERVER      ?= postgres
# Run by the go command from its module, so that it is no dependency of ours.
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
# Starts (and on a fresh Debian or Ubuntu first installs) one server of each kind, requires them all, and
# stops them when the command has ended.
SERVERS     := $(GO) run ./internal/throwaway/cmd/servers --

.DEFAULT_GOAL := help
.PHONY: help build demo test race check fmt crash chaos soak bench bench-serve clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build bin/phasemig
	$(GO) build -trimpath -o bin/phasemig ./cmd/phasemig

demo: build ## show the main job on a throwaway server with live traffic (SERVER=postgres|mysql|mariadb)
	@bin/phasemig demo $(SERVER)

# The longest package begins first; three at a time, and four tests of each, or the processors wait for the servers.
test: ## run every test on real MySQL, MariaDB, PostgreSQL 15 and 18; a missing server is a failure
	$(SERVERS) $(GO) test -count=1 -p 3 -parallel 4 -timeout 30m ./integration ./...

race: ## the same under the race detector, the program too (an hour or two)
	$(SERVERS) $(GO) test -race -count=1 -p 2 -parallel 3 -timeout 180m ./...

check: ## formatting, vet, staticcheck, and the tests that need no server
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); [ -z "$$unformatted" ] || { echo "not formatted (make fmt): $$unformatted" >&2; exit 1; }
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...
	PHASEMIG_REQUIRE_DB=none $(GO) test ./...

fmt: ## format the code
	gofmt -w $$(git ls-files '*.go')

crash: ## kill the program at every failpoint, on each server, and see it go on
	PHASEMIG_LONG=1 $(SERVERS) $(GO) test -count=1 -timeout 60m -run '^TestCrash' -v ./integration

chaos: ## make everything go wrong around a run, on each server; writes docs/reliability.md (as root: a small disk is mounted)
	PHASEMIG_LONG=1 $(SERVERS) $(GO) test -count=1 -timeout 120m -parallel 2 -run '^TestChaos$$' -v ./integration

soak: ## 200 migrations in one process: memory, files and connections must not grow
	PHASEMIG_LONG=1 $(SERVERS) $(GO) test -count=1 -timeout 60m -run '^TestSoak$$' -v ./integration

bench: ## measure everything beside the servers' own ways and other tools, and write docs/benchmarks.md (an hour)
	$(GO) run ./internal/bench/cmd/bench -all -o docs/benchmarks.json -page docs/benchmarks.md

bench-serve: ## a migration alone, and beside 200 requests a second on the API, in 7 pairs
	$(GO) run ./internal/bench/cmd/bench -serve -o docs/benchmarks.json -page docs/benchmarks.md mysql postgres18

clean: ## remove what was built
	rm -rf bin
