# What a developer does with this project; `make help` lists it.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help

CARGO ?= cargo
TARGET := $(or $(CARGO_TARGET_DIR),$(CURDIR)/target)
# One build serves `run`, the unit tests and the foreign clients: dependencies are optimised in it.
SERVER := $(TARGET)/debug/chatters
DATA ?= data
ENGINES ?= sqlite postgres

.PHONY: help
help: ## Lists these targets.
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

.PHONY: run
run: ## Builds and starts a server on 127.0.0.1:4430; prints its address, key and lines for each client.
	$(CARGO) build --quiet -p chatters
	$(SERVER) serve --data $(DATA) --show-codes $(ARGS)

.PHONY: test
test: test-rust test-wire test-crash test-e2e ## Runs everything: the workspace's tests, the wire types of other libraries, a sample of crashes, foreign clients.

.PHONY: test-rust
test-rust: ## Runs the workspace's own tests.
	@if $(CARGO) nextest --version >/dev/null 2>&1; then
	    $(CARGO) nextest run --workspace --no-fail-fast
	else
	    $(CARGO) test --workspace --no-fail-fast
	fi

.PHONY: test-wire
test-wire: ## Has the pinned Python libraries read every definition that we write, and compares what they write back.
	CARGO="$(CARGO)" CARGO_TARGET_DIR="$(TARGET)" python3 crates/tl-proof/python/check.py

.PHONY: test-e2e
test-e2e: e2e-setup ## Drives foreign client libraries against a real server, on SQLite and PostgreSQL.
	$(CARGO) build --quiet -p chatters
	CHATTERS_BIN=$(SERVER) e2e/run.sh $(ENGINES)

# The sample leaves out what takes its time (docs/faults.md).
CRASH_SAMPLE := disk-full,disk-full-tmpfs,disk-error,disk-read-only,start-read-only,connections-ended,network-cut,network-stalls,database-restarts,clock,half-open,slow-readers

.PHONY: test-crash
test-crash: ## Kills servers and databases under load, three rounds on each engine, and plays through faults.
	$(CARGO) build --quiet -p chatters -p crash
	$(TARGET)/debug/crash --server $(SERVER) --seed 1 --rounds 3 --faults $(CRASH_SAMPLE)

.PHONY: crash
crash: ## 50 rounds of kill -9 on each engine and all faults in full size; ROUNDS=n, SEED=n for others.
	$(CARGO) build --quiet -p chatters -p crash
	$(TARGET)/debug/crash --server $(SERVER) --rounds $(or $(ROUNDS),50) --full $(if $(SEED),--seed $(SEED))

.PHONY: e2e-setup
e2e-setup: ## Installs the pinned client libraries into e2e/.work.
	@e2e/setup.sh

.PHONY: sim
sim: ## Runs 2,000 seeds of the simulation; SEEDS=n for another number.
	$(CARGO) run --quiet -p sim -- --seeds $(or $(SEEDS),2000)

.PHONY: sim-long
sim-long: ## Runs the simulation for an hour on new seeds; HOURS=n, FROM=n for others.
	$(CARGO) run --quiet -p sim -- --hours $(or $(HOURS),1) --from $(or $(FROM),$$(date +%s))

.PHONY: lint
lint: ## Checks formatting, lints, licences and documentation.
	$(CARGO) fmt --all --check
	$(CARGO) clippy --quiet --workspace --all-targets -- -D warnings
	@if $(CARGO) deny --version >/dev/null 2>&1; then
	    $(CARGO) deny --log-level error check bans licenses sources
	    $(CARGO) deny --locked --manifest-path fuzz/Cargo.toml --config deny.toml --log-level error check licenses sources
	    # The advisories are somebody else's repository, which not every machine reaches.
	    if $(CARGO) deny --log-level off fetch db >/dev/null 2>&1; then
	        $(CARGO) deny --log-level error check advisories
	    else
	        echo "lint: the database of advisories cannot be reached; advisories were not checked"
	    fi
	else
	    echo "lint: cargo-deny is not installed (cargo install --locked cargo-deny); dependencies were not checked"
	fi
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --quiet --workspace --exclude tl-api --no-deps
	(cd e2e/grammers && $(CARGO) fmt --check)
	python3 -m compileall -q e2e/harness e2e/tests e2e/drivers e2e/conftest.py e2e/report.py

FUZZ_SECONDS ?= 3600

.PHONY: fuzz
fuzz: ## Fuzzes one target after the other, FUZZ_SECONDS (3600) each; TARGETS="port http" picks some.
	CARGO="$(CARGO)" CARGO_TARGET_DIR="$(TARGET)" fuzz/run.sh $(FUZZ_SECONDS) $(TARGETS)

.PHONY: fuzz-smoke
fuzz-smoke: ## Builds the fuzz targets and runs each for a few seconds.
	CARGO="$(CARGO)" CARGO_TARGET_DIR="$(TARGET)" FUZZ_JOBS="$$(nproc)" fuzz/run.sh $${FUZZ_SECONDS:-5}

.PHONY: bench
bench: ## Measures everything on SQLite and PostgreSQL (release build, 12 minutes); kept in bench/results.json and RESULTS.md.
	$(CARGO) build --release --quiet -p chatters -p bench
	$(TARGET)/release/bench run --all --server $(TARGET)/release/chatters --scratch $(TARGET)/bench
	$(CARGO) run --release --quiet -p tl-proof --example codec

.PHONY: docs
docs: ## Writes docs/methods.md from the registry.
	UPDATE_DOCS=1 $(CARGO) test --quiet -p api --test it docs::
