# Recipes are short; what takes longer is a subcommand of `vibe`. ARGS goes to it: make demo ARGS="--speed max".
.DEFAULT_GOAL := help
.PHONY: help demo up bench soak chaos test build lint env clean deps deps-lint conformance-deps

PACKAGES := openssl libhiredis-dev libpq-dev libssl-dev libsecp256k1-dev libzstd-dev redis-server postgresql pkg-config python3-venv
LINTERS := shellcheck lua-check
CONFORMANCE := .build/conformance-venv
VIBE := .build/release/vibe
SUDO := $(if $(filter-out 0,$(shell id -u)),sudo)
APT := $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0
# $(call install,packages): those that are missing, without questions.
install = missing=$$(for p in $(1); do dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || echo $$p; done); \
	[ -z "$$missing" ] || { $(APT) update && $(APT) install -y --no-install-recommends $$missing; }

help: ## show this
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-8s %s\n", $$1, $$2 }'

demo: build ## replay recorded leaders' fills through a whole fleet on this machine, and verify the result
	@$(VIBE) demo $(ARGS)

up: build ## run a fleet on this machine until Ctrl-C; ARGS="--sim --work 3"
	@$(VIBE) up $(ARGS)

bench: build ## measure everything that has a target, in a quarter of an hour; ARGS="--thorough"
	@$(MAKE) --no-print-directory conformance-deps || echo "without the Python SDK: signing has no reference" >&2
	@$(VIBE) bench suite $(ARGS)

soak: build ## ingest from an exchange that misbehaves and prove that no signal is lost; ARGS="--minutes 60"
	@$(VIBE) soak $(ARGS)

chaos: build ## inject faults of every kind into a whole fleet and prove that nothing is lost or done twice; MINUTES=10 SEED=1
	swift build -c release --product FalseClock
	@$(VIBE) chaos --minutes $(or $(MINUTES),10) --seed $(or $(SEED),1) $(ARGS)

# One test at a time: those that wait for a time-out would mistake two busy cores for one.
test: deps conformance-deps ## run all tests, on real Redis and Postgres servers that they start themselves
	swift test --disable-xctest --no-parallel $(ARGS)

build: deps ## build the program, optimised, as .build/release/vibe
	swift build -c release --product vibe

lint: deps-lint ## check the Lua and shell scripts
	luacheck --quiet lua
	shellcheck .ci/run deploy/redis/make-users

env: build ## renew env/*.env from the table of settings
	$(VIBE) settings --write env

clean: ## remove what was built and what runs left behind
	@for lock in $$(find .run -name fleet.lock 2>/dev/null); do \
		flock --nonblock $$lock true || { echo "a fleet runs in $${lock%/*}: stop it first" >&2; exit 1; }; \
	done
	rm -rf .build .run

deps: ## install what building and running needs (Debian packages)
	@$(call install,$(PACKAGES))

# The exchange's published Python SDK, which the simulator is tested with.
conformance-deps: $(CONFORMANCE)/requirements.txt

$(CONFORMANCE)/requirements.txt: Tests/Conformance/requirements.txt
	python3 -m venv $(CONFORMANCE)
	$(CONFORMANCE)/bin/pip install --quiet --disable-pip-version-check -r $< || { rm -rf $(CONFORMANCE); exit 1; }
	@cp $< $@

deps-lint:
	@$(call install,$(LINTERS))
