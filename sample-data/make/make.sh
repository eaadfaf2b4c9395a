#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Rebuilds all of sample-data from nothing. Takes about an hour of two CPU cores; rendered frames are kept and reused.
#   VENV: where the Python environment is made (default /opt/flyonce-bpy)   WORK: where frames go (default /tmp/flyonce-render)
set -eu
here=$(cd "$(dirname "$0")" && pwd)
data=$(dirname "$here")
. "$here/setup.sh"
run "$here/truth.py" "$data"
run "$here/zones.py" "$data/zones"
run "$here/terrain.py" "$data/terrain/terrain.tif"
run "$here/blender/render.py" flight "$WORK/flight" --samples 2 --paint "$WORK/paint"
run "$here/blender/render.py" street "$WORK/street" --samples 3 --paint "$WORK/paint"
run "$here/encode.py" flight "$WORK/flight" "$data/flight/flight.ts"
run "$here/klv_sync.py" "$data/flight/flight.ts" "$data/flight/sync_klv.ts"
run "$here/encode.py" street "$WORK/street" "$data/street/street.mp4"
run "$here/about.py" "$data"
run "$here/check.py" "$data"
