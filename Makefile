# The commands of the README, nothing else. `make demo` and `make test` set up the machine themselves.
.PHONY: demo fly serve test check web accuracy bench bench-peers blurring soak build setup train
.DEFAULT_GOAL := demo

OUT ?= out/demo

setup:
	@scripts/setup.sh

# The page, which goes into the binary.
web: setup
	@scripts/web.sh

build: web
	cargo build --release --locked

demo: build
	target/release/flyonce analyze --config configs/demo.toml --truth sample-data/truth.json --out $(OUT)
	@scripts/offer.sh

# A whole mission on a simulated dock: plan, check, launch, follow, incidents, reviewed tasks, coverage.
fly: build
	@scripts/fly.py

# The sample city live: feeds, store, page and interface, until Ctrl-C.
serve: build
	target/release/flyonce serve --config configs/demo.toml --review

check: web
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings

test: check
	scripts/web.sh unit
	scripts/web.sh browser
	scripts/outside.sh
	cargo test --workspace --locked --no-run
	FLYONCE=$(CURDIR)/target/debug/flyonce cargo test --workspace --locked

# Positions against truth from outside; FLYONCE_REFERENCE names the folder of reference data.
accuracy: setup
	cargo test --quiet --locked -p e2e --test accuracy

bench: build
	benches/run.sh

bench-peers:
	benches/peers.sh
	benches/zones.sh
	benches/store.sh

# How well coarse pictures hide faces, people and writing; FLYONCE_DATASETS names the folder of labelled data.
blurring: build
	benches/blurring.sh

# Writers that are killed at 200 random moments, where `make test` does 20: no event lost, none doubled.
soak: setup
	FLYONCE_KILLS=200 cargo test --locked -p store --test all killed

# PACK: waterlogging, fume or dumping. From the labelled data to an accepted pack; resumable, hours of CPU.
train:
	models/training/run.sh $(PACK)
