# Proofmark. `make run` and `make test` need Go, make and git; the rest says what
# it misses.

GO      ?= go
BIN     := bin
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
# Without cgo the program runs on any Linux, whatever its C library.
BUILD   := CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w -X main.version=$(VERSION)"

.DEFAULT_GOAL := help

.PHONY: run
run: build ## build, then serve the demonstration; it prints what to open
	$(BIN)/proofmark serve --demo

.PHONY: build
build: ## build bin/proofmark
	@mkdir -p $(BIN)
	$(BUILD) -o $(BIN)/proofmark ./cmd/proofmark

.PHONY: test
test: ## all tests, with a private PostgreSQL; PKGS=./miot/... GOTESTFLAGS="-run Lint -v"
	@PKGS="$(PKGS)" GOTESTFLAGS="$(GOTESTFLAGS)" scripts/test

.PHONY: race
race: ## all tests under the race detector, with those that make test leaves out of it (an hour)
	@PROOFMARK_TEST_RACE=all PKGS="$(PKGS)" GOTESTFLAGS="$(GOTESTFLAGS)" scripts/test

.PHONY: lint
lint: $(BIN)/golangci-lint ## style, mistakes and the import order; PKGS as for test
	$(BIN)/golangci-lint run $(or $(PKGS),./...)

.PHONY: fmt
fmt: $(BIN)/golangci-lint ## format as lint wants it
	$(BIN)/golangci-lint fmt

.PHONY: gen
gen: $(BIN)/sqlc ## write generated code and documents anew
	$(BIN)/sqlc generate
	$(GO) generate ./...

.PHONY: vuln
vuln: $(BIN)/govulncheck ## known vulnerabilities in what we call
	$(BIN)/govulncheck ./...

BENCHES ?= ingest connections rtt start orders
.PHONY: bench
bench: build ## all load measurements, one JSON object each; BENCHES="ingest rtt"
	@for b in $(BENCHES); do $(BIN)/proofmark bench $$b --json || exit 1; done

.PHONY: e2e
e2e: ## the tests in a browser (needs Chromium): those with the build tag e2e
	@PKGS="$(or $(PKGS),$(shell scripts/e2e-packages))" GOTESTFLAGS="-tags=e2e -run E2E $(GOTESTFLAGS)" scripts/test

.PHONY: matrix
matrix: ## the certification suite's full product: every mutant and every document against everything
	PROOFMARK_MATRIX=1 $(GO) test -timeout 60m -count=1 ./certification/suite

.PHONY: crash
crash: ## kill the service and its database 100 times under load: orders; payments and refunds
	@PKGS=./cmd/proofmark GOTESTFLAGS="-run Survive -timeout 60m -count=1 -v" PROOFMARK_CRASHES=100 scripts/test

.PHONY: mutants
mutants: ## whether the models of orders and money notice each of 25 mistakes (20 minutes)
	PROOFMARK_MUTANTS=1 $(GO) test -timeout 60m -count=1 -v -run TestEveryMutantOfTheMoneyDies ./internal/store

FUZZTIME ?= 20s
.PHONY: fuzz
fuzz: ## every fuzz target for FUZZTIME=20s; PKGS as for test
	@FUZZTIME="$(FUZZTIME)" scripts/fuzz $(or $(PKGS),./...)

.PHONY: clean
clean: ## remove what was built; the demonstration's data stays
	rm -rf $(BIN) coverage.out

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# The tools are a module of their own, so that what they need is not what we need.
# Built once, and again when their versions change.
TOOLS := tools/go.mod tools/go.sum
$(BIN)/golangci-lint: $(TOOLS)
	CGO_ENABLED=0 $(GO) build -C tools -o ../$@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint
$(BIN)/sqlc: $(TOOLS)
	CGO_ENABLED=0 $(GO) build -C tools -o ../$@ github.com/sqlc-dev/sqlc/cmd/sqlc
$(BIN)/govulncheck: $(TOOLS)
	CGO_ENABLED=0 $(GO) build -C tools -o ../$@ golang.org/x/vuln/cmd/govulncheck
$(BIN)/stripe-mock: $(TOOLS)
	CGO_ENABLED=0 $(GO) build -C tools -o ../$@ github.com/stripe/stripe-mock
