#!/usr/bin/env bash
# Prints the cost table: the whole chain beside its two bounds, on one core, in CPU milliseconds a frame.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo build --release --locked -p benches --example inference
exec python3 benches/cost.py
