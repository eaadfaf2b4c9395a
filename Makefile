# The commands of the README, nothing else. `make demo` and `make test` set up the machine themselves.
.PHONY: demo test check accuracy bench bench-peers soak build setup train
.DEFAULT_GOAL := demo

OUT ?= out/demo

setup:
	@scripts/setup.sh

build: setup
	cargo build --release --locked

demo: build
	target/release/flyonce analyze --config configs/demo.toml --truth sample-data/truth.json --out $(OUT)

check: setup
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings

test: check
	cargo build --locked -p server
	cargo test --workspace --locked

# Positions against truth from outside; FLYONCE_REFERENCE names the folder of reference data.
accuracy: setup
	cargo test --quiet --locked -p e2e --test accuracy

bench: build
	benches/run.sh

bench-peers:
	benches/peers.sh
	benches/zones.sh
	benches/store.sh

# Writers that are killed at 200 random moments, where `make test` does 20: no event lost, none doubled.
soak: setup
	FLYONCE_KILLS=200 cargo test --locked -p store --test all killed

# PACK: waterlogging, fume or dumping. From the labelled data to an accepted pack; resumable, hours of CPU.
train:
	models/training/run.sh $(PACK)
