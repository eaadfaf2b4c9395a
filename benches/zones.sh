#!/usr/bin/env bash
# Point to zone beside shapely's STRtree: the same 10 000 zones of 120 corners, the same million points, one core, answers compared.
# PEERS: folder of the environment that shapely is installed into, outside the repository (default /tmp/flyonce-peers).
set -euo pipefail
cd "$(dirname "$0")/.."
peers="${PEERS:-/tmp/flyonce-peers}"
python="${PEERS_PYTHON:-$peers/shapely/bin/python}"
if [ ! -x "$python" ]; then
  python3 -m venv "$peers/shapely"
  "$python" -m pip install --quiet shapely==2.2.0 numpy
fi
cargo build --release --locked -p benches --example zones
exec taskset -c 0 "$python" benches/zones.py
