#!/usr/bin/env bash
# Prints the pixels a second that are placed on the ground, and the cost table: the whole chain beside its two bounds, on one
# core, in CPU milliseconds a frame.
set -euo pipefail
cd "$(dirname "$0")/.."
taskset -c 0 cargo bench --locked -p benches --bench georef -- --quiet --warm-up-time 1 --measurement-time 2
cargo build --release --locked -p benches --example inference
exec python3 benches/cost.py
